/** The script for zsh, with descriptions: for a folder of `fpath` as `_warden`, or to be read at the start of a shell. */
import { quoted, valueBranches, walkBranches } from './completion-shell.ts';
import type { Completions } from './completion-table.ts';

export function zshCompletion(all: readonly Completions[]): string {
  const words = all.map(({ path, commands, options }) => {
    const described = (list: readonly { readonly name: string; readonly description: string }[]): string =>
      list.map(({ name, description }) => quoted(`${name}:${description}`)).join(' ');
    return `${quoted(path)}) commands=(${described(commands)}) options=(${described(options)}) ;;`;
  });
  const values = valueBranches(all, (value) =>
    value === 'file' ? '_files' : `compadd -- ${value.map(quoted).join(' ')}`,
  );
  return `#compdef warden
# zsh completion of warden, made by: warden completion zsh
_warden() {
  local at='' asked='' i
  local -a commands options
  for ((i = 2; i < CURRENT; i++)); do
    case "$at:$words[i]" in
${lines(walkBranches(all), 6)}
    esac
  done
  # Behind an option that takes a value it is the value.
  if ((i > CURRENT)); then asked=$words[CURRENT-1]; fi
  if ((i > CURRENT)) || [[ $words[CURRENT] != -* ]]; then
    case "$at:$asked" in
${lines(values, 6)}
    esac
  fi
  ((i > CURRENT)) && return
  case "$at" in
${lines(words, 4)}
  esac
  if [[ $words[CURRENT] == -* ]]; then _describe -o option options; else _describe command commands; fi
}
# Read by compinit it is called at once; read by hand it says for what it is there.
if [[ $funcstack[1] == _warden ]]; then _warden "$@"; else compdef _warden warden; fi`;
}

function lines(list: readonly string[], indent: number): string {
  return list.map((line) => ' '.repeat(indent) + line).join('\n');
}
