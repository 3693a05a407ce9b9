# shellcheck shell=bash
# What script/start and script/test share. Sourced with the checkout as working directory and `set -euo pipefail`.

fail() {
  printf '%s: %s\n' "$0" "$*" >&2
  exit 1
}

# Runs a command without a word, and shows all that it said when it fails.
quietly() {
  local said status=0
  said=$(mktemp)
  "$@" > "$said" 2>&1 < /dev/null || status=$?
  [ "$status" = 0 ] || cat "$said" >&2
  rm -f "$said"
  return "$status"
}

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo > /dev/null; then
    sudo -- "$@"
  else
    fail "root is needed for '$*', and there is no sudo; run that as root and start again"
  fi
}

has() {
  command -v "$1" > /dev/null
}

has_apt() {
  has apt-get && has dpkg-query
}

is_installed() {
  [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2> /dev/null)" = installed ]
}

# The services that Debian's packages would start on their own ports and enable for the next boot.
services_of() {
  case $1 in
    docker-registry) echo docker-registry.service ;;
    redis-server) echo redis-server.service ;;
    docker.io) echo docker.service docker.socket containerd.service ;;
    podman) echo podman.service podman.socket podman-auto-update.timer podman-restart.service ;;
    slapd) echo slapd.service ;;
    postgresql) echo postgresql.service postgresql@15-main.service ;;
    nginx) echo nginx.service ;;
    haproxy) echo haproxy.service ;;
    rsyslog) echo rsyslog.service ;;
  esac
}

# Installs those of the named Debian packages that are not there. Only the programs are wanted: the services of a
# package installed here are neither started nor enabled. Packages that were there, and their services, are left alone.
apt_get() {
  local package more wanted=() services=()
  for package in "$@"; do
    is_installed "$package" && continue
    wanted+=("$package")
    read -r -a more <<< "$(services_of "$package")"
    services+=("${more[@]}")
  done
  [ ${#wanted[@]} = 0 ] && return
  printf 'installing %s\n' "${wanted[*]}" >&2
  # systemd does not start what is masked, and other init systems do not start a service in runlevel 1.
  local masked=()
  if [ -d /run/systemd/system ] && [ ${#services[@]} -gt 0 ]; then
    quietly as_root systemctl mask --runtime "${services[@]}" && masked=("${services[@]}")
  fi
  # A source of the machine's own that cannot be read must not stand in the way of Debian's: the install decides.
  quietly as_root apt-get -q update || true
  local status=0
  quietly as_root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 PREVLEVEL=N \
    apt-get -q -y --no-install-recommends install "${wanted[@]}" || status=$?
  if [ ${#masked[@]} -gt 0 ]; then
    quietly as_root systemctl disable "${masked[@]}" || true
    quietly as_root systemctl unmask --runtime "${masked[@]}" || true
  fi
  [ "$status" = 0 ] || fail "apt-get could not install ${wanted[*]}; what it said stands above"
}

# The packages of package-lock.json, and a Node that runs TypeScript as it is (24 or newer): the lock brings one for
# Linux on x64, elsewhere it must be there.
get_packages() {
  if ! [ node_modules/.package-lock.json -nt package-lock.json ]; then
    has npm || fail 'npm is missing; on Debian: apt-get install npm'
    printf 'installing the packages of package-lock.json\n' >&2
    quietly npm ci --no-fund --no-audit --loglevel=error || fail 'npm ci failed; what it said stands above'
  fi
  export PATH="$PWD/node_modules/.bin:$PATH"
  node -e 'process.exit(parseInt(process.versions.node) >= 24 ? 0 : 1)' 2> /dev/null ||
    fail "Node 24 or newer is needed, this is $(node -v 2> /dev/null || echo none)"
}

# What browsers get at /ui/, from src/page.
build_page() {
  quietly node script/build-page.ts || fail 'the page could not be built; what was said stands above'
}
