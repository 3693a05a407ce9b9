/** The commands, gathered. Each has a file of its own beside this one. */
import { Command } from 'commander';
import { addCheckCommand } from './check.ts';
import { addServeCommand, type ServeDeps } from './serve.ts';

export type ProgramDeps = ServeDeps;

export function createProgram(deps: ProgramDeps): Command {
  const program = new Command('warden')
    .description('a token server and authorizing proxy for a private Docker registry')
    .version(deps.version)
    .showHelpAfterError();
  addServeCommand(program, deps);
  addCheckCommand(program, deps);
  return program;
}
