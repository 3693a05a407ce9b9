/** `warden serve`: runs until it is told to stop. */
import type { Command } from 'commander';
import { describeProblem } from '../config/yaml.ts';
import { preflight } from '../preflight.ts';
import { createLog } from '../telemetry/log.ts';
import { startWarden } from '../warden.ts';
import type { Io } from './io.ts';

export interface ServeDeps {
  readonly io: Io;
  readonly version: string;
  readonly defaultConfig: string;
  /** Called for SIGHUP (`reload`) and for SIGTERM and SIGINT (`stop`). */
  readonly onSignals: (handlers: { readonly reload: () => void; readonly stop: () => void }) => void;
  /** The status with which the process will end when nothing is left to do. */
  readonly exit: (code: number) => void;
  /** Ends the process now, whatever is under way. */
  readonly end: (code: number) => void;
}

export function addServeCommand(
  program: Command,
  { io, version, defaultConfig, onSignals, exit, end }: ServeDeps,
): void {
  program
    .command('serve')
    .description('run the gate and the token server')
    .option('--config <file>', 'the settings', defaultConfig)
    .action(async ({ config }: { config: string }) => {
      const checked = await preflight(config, Date.now());
      if (!checked.ok) {
        for (const problem of checked.problems) io.err(describeProblem(problem));
        io.err(
          `warden: not started: ${count(checked.problems.length, 'problem')} in ${config} and what it names`,
        );
        return exit(2);
      }
      const { settings } = checked.loaded;
      const log = createLog({ level: settings.log.level });
      for (const warning of checked.warnings) log.warn({ problem: describeProblem(warning) }, 'setting');
      if (settings.allowCredentialsOverHttp) {
        log.warn('allowCredentialsOverHttp is on: passwords and tokens can be read by everyone on the way');
      }
      let warden: Awaited<ReturnType<typeof startWarden>>;
      try {
        warden = await startWarden({ loaded: checked.loaded, log, version });
      } catch (error) {
        io.err(`warden: not started: ${(error as Error).message}`);
        return end(1);
      }
      const { port, operationsPort } = warden;
      log.info(
        {
          address: `${settings.listen.host}:${port}`,
          operations: `${settings.operations.host}:${operationsPort}`,
          version,
        },
        'serving',
      );
      let stopping = false;
      onSignals({
        reload() {
          log.info('reload asked for');
          warden.reload().catch((error: unknown) => log.error({ err: error }, 'the reload failed'));
        },
        stop() {
          // The second time means now: what is under way is given up, and what is durable stays so.
          if (stopping) return end(1);
          stopping = true;
          log.info('stopping: no new connections, what is under way may finish');
          warden.close().then(
            () => {
              log.info('stopped');
              end(0);
            },
            (error: unknown) => {
              log.error({ err: error }, 'the stop failed');
              end(1);
            },
          );
        },
      });
    });
}

export function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}
