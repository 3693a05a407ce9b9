/** `warden completion bash|zsh`: the script with which a shell completes the commands of this program. */
import { Argument, type Command } from 'commander';
import { bashCompletion } from './completion-bash.ts';
import { completionsOf } from './completion-table.ts';
import { zshCompletion } from './completion-zsh.ts';
import type { Io } from './io.ts';

const SHELLS = { bash: bashCompletion, zsh: zshCompletion } as const;

export interface CompletionDeps {
  readonly io: Io;
  /** The program with all its commands, of which only the one that is used is read otherwise. */
  readonly whole: () => Promise<Command>;
}

export function addCompletionCommand(program: Command, { io, whole }: CompletionDeps): void {
  program
    .command('completion')
    .description('print the script with which a shell completes these commands')
    .addArgument(new Argument('<shell>', 'for which').choices(Object.keys(SHELLS)))
    .action(async (shell: keyof typeof SHELLS) => {
      io.out(SHELLS[shell](completionsOf(await whole())));
    });
}
