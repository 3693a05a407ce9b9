/** `warden check`: every problem of settings, policy, users, keys and certificates at once, without starting anything. */
import type { Command } from 'commander';
import { describeProblem, type Problem } from '../config/yaml.ts';
import { loadUsers } from '../identity/users-file.ts';
import { lintUsers } from '../policy/lint-users.ts';
import { type Loaded, preflight } from '../preflight.ts';
import type { Io } from './io.ts';
import { count } from './serve.ts';

export interface CheckDeps {
  readonly io: Io;
  readonly defaultConfig: string;
  readonly exit: (code: number) => void;
}

export function addCheckCommand(program: Command, { io, defaultConfig, exit }: CheckDeps): void {
  program
    .command('check')
    .description('check settings, policy, users, keys and certificates')
    .option('--config <file>', 'the settings', defaultConfig)
    .action(async ({ config }: { config: string }) => {
      const checked = await preflight(config, Date.now());
      const warnings = [...checked.warnings, ...(checked.ok ? await strangers(checked.loaded) : [])];
      for (const warning of warnings) io.err(`${describeProblem(warning)} (warning)`);
      if (checked.ok) {
        io.out(
          `${config}: good (${count(warnings.length, 'warning')}); policy ${checked.loaded.policy.digest}`,
        );
        return;
      }
      for (const problem of checked.problems) io.err(describeProblem(problem));
      io.err(`${config}: ${count(checked.problems.length, 'problem')}`);
      exit(2);
    });
}

/**
 * Users and groups of the policy that are not in the users file. Said here and not at a start: a group may well be empty
 * for a while.
 */
async function strangers({ settings, policy }: Loaded): Promise<readonly Problem[]> {
  const read = await loadUsers(settings.users);
  return read.ok ? lintUsers(policy, read.users.byName.values()) : [];
}
