/** The script for bash. It needs nothing but bash 4, and starts no program: to press Tab costs nothing. */
import { quoted, valueBranches, walkBranches } from './completion-shell.ts';
import type { Completions } from './completion-table.ts';

export function bashCompletion(all: readonly Completions[]): string {
  const words = all.map(({ path, commands, options }) => {
    const names = (list: readonly { readonly name: string }[]): string =>
      quoted(list.map(({ name }) => name).join(' '));
    return `${quoted(path)}) commands=${names(commands)} options=${names(options)} ;;`;
  });
  const values = valueBranches(all, (value) =>
    value === 'file' ? 'files=1' : `values=${quoted(value.join(' '))}`,
  );
  return `# bash completion of warden, made by: warden completion bash
_warden() {
  local current=\${COMP_WORDS[COMP_CWORD]} at='' asked='' commands='' options='' values='' files='' i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$at:\${COMP_WORDS[i]}" in
${lines(walkBranches(all), 6)}
    esac
  done
  # Behind an option that takes a value it is the value.
  if ((i > COMP_CWORD)); then asked=\${COMP_WORDS[COMP_CWORD - 1]}; fi
  case "$at:$asked" in
${lines(values, 4)}
  esac
  if ((i == COMP_CWORD)); then
    case "$at" in
${lines(words, 6)}
    esac
    if [[ $current == -* ]]; then commands='' values='' files=''; else options=''; fi
  fi
  COMPREPLY=($(compgen -W "$commands $options $values" -- "$current"))
  if [[ $files ]]; then
    compopt -o filenames 2> /dev/null
    local IFS=$'\\n'
    COMPREPLY+=($(compgen -f -- "$current"))
  fi
}
complete -F _warden warden`;
}

function lines(list: readonly string[], indent: number): string {
  return list.map((line) => ' '.repeat(indent) + line).join('\n');
}
