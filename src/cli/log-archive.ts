/** `warden log archive`: old records out of the log, into a folder that proves them as before. */
import type { Command } from 'commander';
import { archiveLog } from '../archive/archive-log.ts';
import { type LogDeps, run, settingsOf } from './log-common.ts';
import { trustOf } from './log-trust.ts';
import { UsageError } from './server.ts';

interface ArchiveCommandOptions {
  readonly before: string;
  readonly to: string;
  readonly config: string;
}

export function addArchiveCommand(log: Command, deps: LogDeps): void {
  log
    .command('archive')
    .description(
      'take old records out of the log, in whole segments, when their copy is verified; Warden may run',
    )
    .requiredOption('--before <time>', 'records of before that time: 2026-01-31, or with T and a time in UTC')
    .requiredOption(
      '--to <folder>',
      'the archive: the same folder each time, which the service must be able to read',
    )
    .option('--config <file>', 'the settings, which say where the log is', deps.defaultConfig)
    .action((options: ArchiveCommandOptions) => run(deps, () => archive(deps, options)));
}

async function archive({ io }: LogDeps, { before, to, config }: ArchiveCommandOptions): Promise<number> {
  const time = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d)?Z)?$/.test(before) ? Date.parse(before) : Number.NaN;
  if (Number.isNaN(time)) throw new UsageError('--before is no time such as 2026-01-31 or 2026-01-31T12:00Z');
  const settings = await settingsOf(config);
  if (settings.store !== undefined) {
    throw new UsageError('the log is in PostgreSQL, whose records are not archived by this command');
  }
  if (settings.transparency === undefined) {
    throw new UsageError('the settings have no block transparency: what is archived must stay provable');
  }
  const policy = await trustOf({ config });
  const { until, taken } = await archiveLog({ data: settings.data, to, before: time, policy });
  io.out(
    taken === 0
      ? `nothing to archive: the log has no whole segment of 256 records that are all of before ${before} (archived: ${until})`
      : `${taken} records are in ${to} and no more in the log; all records below ${until} are there now`,
  );
  return 0;
}
