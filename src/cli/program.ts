/** The commands, gathered. Each has a file of its own beside this one. */
import { Command } from 'commander';
import { openAudit } from '../audit/open-audit.ts';
import { loadSettings } from '../config/settings.ts';
import { describeProblem } from '../config/yaml.ts';
import { addAttestCommand } from './attest.ts';
import { addAuditCommands } from './audit.ts';
import { addBackupCommands } from './backup.ts';
import { addCheckCommand } from './check.ts';
import { addGrantCommands } from './grant.ts';
import { addImportCommands } from './import.ts';
import { addKeysCommands } from './keys.ts';
import { addLogCommands } from './log.ts';
import { openLogOf } from './open-log.ts';
import { addPolicyCommands } from './policy.ts';
import { type Input, readPipedPassword } from './read-password.ts';
import { addRobotCommands } from './robot.ts';
import { addServeCommand, type ServeDeps } from './serve.ts';
import { addSessionCommands } from './session.ts';
import { addUserCommands } from './user.ts';
import { addWitnessCommands } from './witness.ts';

export interface ProgramDeps extends ServeDeps {
  readonly stdin: Input;
  /** Of the terminal; undefined where the output is none. */
  readonly columns: number | undefined;
}

export function createProgram(deps: ProgramDeps): Command {
  const program = new Command('warden')
    .description('a token server and authorizing proxy for a private Docker registry')
    .version(deps.version)
    // So that a command may have an option --version of its own.
    .enablePositionalOptions()
    .showHelpAfterError();
  const { io, stdin, columns, defaultConfig, exit } = deps;
  async function readStdin(): Promise<string> {
    const read = await readPipedPassword(stdin);
    if (!read.ok) throw new Error(read.reason);
    return read.password;
  }
  addServeCommand(program, deps);
  addCheckCommand(program, deps);
  addKeysCommands(program, deps);
  addBackupCommands(program, deps);
  addAttestCommand(program, { ...deps, readStdin });
  addUserCommands(program, deps);
  addPolicyCommands(program, { io, columns, defaultConfig, exit, now: Date.now });
  addImportCommands(program, deps);
  addWitnessCommands(program, deps);
  addLogCommands(program, { io, defaultConfig, exit, readStdin, version: deps.version });
  addSessionCommands(program, { io, defaultConfig, columns, readStdin, exit });
  addRobotCommands(program, { io, defaultConfig, columns, readStdin, exit });
  addGrantCommands(program, { io, defaultConfig, columns, readStdin, exit });
  addAuditCommands(program, {
    ...io,
    columns,
    defaultConfig,
    exit,
    readStdin,
    async openAudit(settingsFile) {
      const loaded = await loadSettings(settingsFile);
      if (!loaded.ok) throw new Error(loaded.problems.map(describeProblem).join('\n'));
      return openAudit(loaded.settings.data, () => openLogOf(loaded.settings));
    },
  });
  return program;
}
