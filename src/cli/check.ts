/** `warden check`: every problem of settings, policy, users, keys and certificates at once, without starting anything. */
import type { Command } from 'commander';
import { printable } from '../audit/printable.ts';
import { describeProblem } from '../config/yaml.ts';
import { preflight } from '../preflight.ts';
import type { Io } from './io.ts';
import { count } from './serve.ts';
import { signedMore } from './signed-more.ts';
import { strangers } from './strangers.ts';

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
      const warnings = [...checked.warnings];
      if (checked.ok) {
        const { policy, settings } = checked.loaded;
        warnings.push(...(await strangers(policy, settings)), ...(await signedMore(settings)));
      }
      for (const warning of warnings) io.err(printable(`${describeProblem(warning)} (warning)`));
      if (checked.ok) {
        io.out(
          `${config}: good (${count(warnings.length, 'warning')}); policy ${checked.loaded.policy.digest}`,
        );
        return;
      }
      for (const problem of checked.problems) io.err(printable(describeProblem(problem)));
      io.err(`${config}: ${count(checked.problems.length, 'problem')}`);
      exit(2);
    });
}
