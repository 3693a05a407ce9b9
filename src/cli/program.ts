/** The commands, gathered. Each has a file of its own beside this one, which is read when it is used. */
import { Command } from 'commander';
import { type Input, readPipedPassword } from './read-password.ts';
import type { ServeDeps } from './serve.ts';

export interface ProgramDeps extends ServeDeps {
  readonly stdin: Input;
  /** Of the terminal; undefined where the output is none. */
  readonly columns: number | undefined;
  /** Rewrites one line of the terminal; undefined where errors go elsewhere. */
  readonly progress: ((text: string) => void) | undefined;
  /** Aborted by a signal that ends the process; the process ends by it when the work has ended. */
  whileStoppable<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T>;
}

interface CommandDeps extends ProgramDeps {
  readonly readStdin: () => Promise<string>;
}

type Add = (program: Command, deps: CommandDeps) => Promise<void>;

/** In the order of the help. */
const COMMANDS: Readonly<Record<string, Add>> = {
  serve: async (program, deps) => (await import('./serve.ts')).addServeCommand(program, deps),
  check: async (program, deps) => (await import('./check.ts')).addCheckCommand(program, deps),
  keys: async (program, deps) => (await import('./keys.ts')).addKeysCommands(program, deps),
  backup: addBackups,
  restore: addBackups,
  attest: async (program, deps) => (await import('./attest.ts')).addAttestCommand(program, deps),
  user: async (program, deps) => (await import('./user.ts')).addUserCommands(program, deps),
  policy: async (program, deps) =>
    (await import('./policy.ts')).addPolicyCommands(program, { ...deps, now: Date.now }),
  import: async (program, deps) => (await import('./import.ts')).addImportCommands(program, deps),
  witness: async (program, deps) => (await import('./witness.ts')).addWitnessCommands(program, deps),
  log: async (program, deps) => (await import('./log.ts')).addLogCommands(program, deps),
  session: async (program, deps) => (await import('./session.ts')).addSessionCommands(program, deps),
  robot: async (program, deps) => (await import('./robot.ts')).addRobotCommands(program, deps),
  grant: async (program, deps) => (await import('./grant.ts')).addGrantCommands(program, deps),
  audit: async (program, deps) => (await import('./audit-files.ts')).addAuditOnFiles(program, deps),
  completion: async (program, deps) =>
    (await import('./completion.ts')).addCompletionCommand(program, {
      ...deps,
      whole: () => createProgram(deps),
    }),
};

/** @param command the word that was given: only this one is read. Any other word, or none: all, for the help. */
export async function createProgram(deps: ProgramDeps, command?: string): Promise<Command> {
  const program = new Command('warden')
    .description('a token server and authorizing proxy for a private Docker registry')
    .version(deps.version)
    // So that a command may have an option --version of its own.
    .enablePositionalOptions()
    .showHelpAfterError();
  async function readStdin(): Promise<string> {
    const read = await readPipedPassword(deps.stdin);
    if (!read.ok) throw new Error(read.reason);
    return read.password;
  }
  const wanted = command !== undefined && Object.hasOwn(COMMANDS, command) ? COMMANDS[command] : undefined;
  // Two words can stand for one file.
  const adds = wanted ? [wanted] : new Set(Object.values(COMMANDS));
  for (const add of adds) await add(program, { ...deps, readStdin });
  return program;
}

async function addBackups(program: Command, deps: CommandDeps): Promise<void> {
  (await import('./backup.ts')).addBackupCommands(program, deps);
}
