#!/bin/sh
# Gets a push grant of Registry Warden, logs in with it where docker, podman, skopeo and buildah look, and gives it back.
#
#   push-grant.sh run   --url URL --repository NAME... [options] -- command...
#   push-grant.sh begin --folder FOLDER --url URL --repository NAME... [options]
#   push-grant.sh end   --folder FOLDER [--ca FILE]
#
# `run` does all of it around one command. `begin` leaves the login in a folder that it makes, and `end` closes the grant and
# removes the folder: in between DOCKER_CONFIG=FOLDER/docker and REGISTRY_AUTH_FILE=FOLDER/docker/config.json.
#
# The standing credential of the builder is the user in WARDEN_USER, with the password in the file WARDEN_PASSWORD_FILE or in
# WARDEN_PASSWORD. The command of `run` sees none of them.
#
# POSIX sh and curl 7.55 or newer. Exit status: that of the command; 2 for bad usage, 3 for no grant.
set -eu
umask 077

usage() {
  cat >&2 << 'USAGE'
push-grant.sh run|begin|end [options] [-- command...]
  --url URL           of the registry: https://registry.corp:5000
  --repository NAME   may be repeated        --tag TAG        may be repeated; none: any tag
  --minutes N         how long it lasts      --host HOST      where it is used, if not here
  --project --job --number --commit --ref --uri --operator --page TEXT   what the record says of the job
  --wait SECONDS      how long to wait for an approval; 0 unless told
  --ca FILE           certificates that the server's is signed with
  --folder FOLDER     of begin and end
USAGE
  exit 2
}

fail() {
  printf 'push-grant: %s\n' "$1" >&2
  exit "${2:-3}"
}

# A text as JSON and curl's configuration write it. Control characters have no place in any of these.
quoted() {
  case $1 in *[[:cntrl:]]*) fail 'a value has a control character' 2 ;; esac
  printf '"%s"' "$(printf '%s' "$1" | sed 's/[\\"]/\\&/g')"
}
list() { printf '%s' "${1:+$1,}$(quoted "$2")"; }

# Of an answer: what Warden puts into these has neither quotes nor backslashes.
member() { printf '%s\n' "$answer" | sed -n "s/.*\"$1\":\"\([^\"\\\\]*\)\".*/\1/p" | head -n 1; }
status() { printf '%s\n' "$answer" | tail -n 1; }
message() { printf '%s\n' "$answer" | sed -n 's/.*"message":"\([^"\\]*\(\\.[^"\\]*\)*\)".*/\1/p' | head -n 1; }

# ask USER PASSWORD PATH [JSON]: sets `answer`. What stands among the arguments of a process is anybody's to read, so the
# password goes to curl by a pipe and the JSON, which has none, as an argument.
ask() {
  user=$1 password=$2 path=$3
  shift 3
  [ $# -eq 0 ] || set -- --header 'Content-Type: application/json' --data-binary "$1"
  answer=$(
    printf 'user = %s\n' "$(quoted "$user:$password")" |
      curl --silent --show-error --max-time 90 ${ca:+--cacert "$ca"} --config - "$@" \
        --write-out '\n%{http_code}' "$url/api/v1/$path"
  ) || fail "$url cannot be asked"
}

mode=${1:-}
case $mode in run | begin | end) shift ;; *) usage ;; esac
url='' repositories='' tags='' more='' ca='' wait=0 folder='' command=''
while [ $# -gt 0 ]; do
  option=$1
  shift
  if [ "$option" = -- ]; then
    command=1
    break
  fi
  [ $# -gt 0 ] || usage
  value=$1
  shift
  case $option in
    --url) url=${value%/} ;;
    --repository) repositories=$(list "$repositories" "$value") ;;
    --tag) tags=$(list "$tags" "$value") ;;
    --minutes | --number)
      case $value in '' | *[!0-9]*) usage ;; esac
      more="$more,\"${option#--}\":$value"
      ;;
    --host | --project | --job | --commit | --ref | --uri | --operator) more="$more,\"${option#--}\":$(quoted "$value")" ;;
    --page) more="$more,\"url\":$(quoted "$value")" ;;
    --ca) ca=$value ;;
    --folder) folder=$value ;;
    --wait)
      case $value in '' | *[!0-9]*) usage ;; esac
      wait=$value
      ;;
    *) usage ;;
  esac
done

begin() {
  [ -n "$url" ] && [ -n "$repositories" ] || usage
  # The password goes to the host that curl finds there, which a name before an @, or a longer name, is not.
  host=${url#*://}
  host=${host%%/*}
  case $url in
    *@*) fail '--url holds an @' 2 ;;
    https://*) ;;
    http://127.* | http://localhost*)
      host=${host%:*}
      case $host in localhost) ;; *[!0-9.]*) fail '--url is not https' 2 ;; esac
      ;;
    *) fail '--url is not https' 2 ;;
  esac
  [ -n "${WARDEN_USER:-}" ] || fail 'WARDEN_USER is not set' 2
  if [ -n "${WARDEN_PASSWORD_FILE:-}" ]; then
    [ -r "$WARDEN_PASSWORD_FILE" ] || fail "$WARDEN_PASSWORD_FILE cannot be read" 2
    standing=$(tr -d '\r\n' < "$WARDEN_PASSWORD_FILE")
  else
    standing=${WARDEN_PASSWORD:-}
  fi
  [ -n "$standing" ] || fail 'WARDEN_PASSWORD_FILE is not set, nor WARDEN_PASSWORD' 2

  ask "$WARDEN_USER" "$standing" grants "{\"repositories\":[$repositories]${tags:+,\"tags\":[$tags]}$more}"
  [ "$(status)" = 201 ] || fail "no grant: $(message)"
  id=$(member id)
  secret=$(member password)
  [ -n "$id" ] && [ -n "$secret" ] || fail 'the answer is none of Registry Warden'

  waited=0
  while [ "$(member state)" = pending ]; do
    if [ "$waited" -ge "$wait" ]; then
      ask "$WARDEN_USER" "$standing" "grants/$id/close" '{"comment":"nobody approved it while the job waited"}'
      fail "the grant $id is not approved"
    fi
    [ "$waited" -gt 0 ] || printf 'push-grant: the grant %s waits for an approval\n' "$id" >&2
    step=$((wait - waited))
    [ "$step" -lt 30 ] || step=30
    ask "$WARDEN_USER" "$standing" "grants/$id?wait=$step"
    waited=$((waited + step))
  done
  [ "$(member state)" = open ] || fail "the grant $id was not approved"

  mkdir -p "$folder/docker"
  printf '%s\n' "$url" > "$folder/url"
  printf '{"auths":{"%s":{"auth":"%s"}}}\n' "${url#*://}" \
    "$(printf '%s:%s' "$id" "$secret" | base64 | tr -d '\n')" > "$folder/docker/config.json"
  unset standing secret answer WARDEN_PASSWORD WARDEN_PASSWORD_FILE WARDEN_USER
}

# The grant closes itself: nothing else is needed at the end.
end() {
  if [ -f "$folder/docker/config.json" ] && [ -f "$folder/url" ]; then
    url=$(cat "$folder/url")
    login=$(sed 's/.*"auth":"\([^"]*\)".*/\1/' "$folder/docker/config.json" | base64 -d)
    # 401: it was used up or ran out, which is how it should end.
    (ask "${login%%:*}" "${login#*:}" "grants/${login%%:*}/close" '{}' && case $(status) in 200 | 401) ;; *) exit 1 ;; esac) ||
      printf 'push-grant: the grant %s could not be closed; it ends by its time\n' "${login%%:*}" >&2
  fi
  rm -rf "$folder"
}

case $mode in
  begin)
    [ -n "$folder" ] && [ -z "$command" ] || usage
    # One that is there may be somebody else's, and with it the file that the login is written to.
    mkdir -p -- "$(dirname -- "$folder")"
    mkdir -- "$folder" || fail '--folder: expected the name of a folder that is not there yet' 2
    trap 'rm -rf -- "$folder"' EXIT
    begin
    trap - EXIT
    ;;
  end)
    [ -n "$folder" ] && [ -z "$command" ] || usage
    end
    ;;
  run)
    [ -n "$command" ] && [ $# -gt 0 ] && [ -z "$folder" ] || usage
    folder=$(mktemp -d)
    trap 'code=$?; trap - EXIT; trap "" HUP INT TERM; end; exit "$code"' EXIT
    trap 'exit 143' HUP INT TERM
    begin
    export DOCKER_CONFIG="$folder/docker" REGISTRY_AUTH_FILE="$folder/docker/config.json"
    # In the background, so that a signal is dealt with at once: the command ends, and the grant is closed. A signal that
    # comes before the command is there finds none.
    trap '[ -z "${!:-}" ] || { kill -TERM "$!" 2> /dev/null || true; wait "$!" || true; }; exit 143' HUP INT TERM
    "$@" &
    code=0
    wait "$!" || code=$?
    exit "$code"
    ;;
esac
