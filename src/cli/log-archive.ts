/** `warden log archive`: old records out of the log, into a folder that proves them as before. */
import { join } from 'node:path';
import type { Command } from 'commander';
import { archiveLog } from '../archive/archive-log.ts';
import { openPostgresArchivable } from '../archive/postgres-archivable.ts';
import { openSqliteArchivable } from '../archive/sqlite-archivable.ts';
import { type LogDeps, run, settingsOf, TLOG_FOLDER } from './log-common.ts';
import { trustOf } from './log-trust.ts';
import { actorOfCommand, keepActOfCommand } from './login-files.ts';
import { openDocumentsOf } from './open-documents.ts';
import { databaseOf } from './open-log.ts';
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
  if (settings.transparency === undefined) {
    throw new UsageError('the settings have no block transparency: what is archived must stay provable');
  }
  const policy = await trustOf({ config });
  await using endings = new AsyncDisposableStack();
  const documents = await openDocumentsOf(settings);
  endings.defer(() => documents.close());
  const postgres = databaseOf(settings);
  const archivable = postgres ? openPostgresArchivable(postgres) : openSqliteArchivable(settings.data);
  endings.defer(() => archivable.close());
  const { until, taken } = await archiveLog({
    ...{ log: archivable, tree: join(settings.data, TLOG_FOLDER), to, before: time, policy },
    onVerified: (archive) =>
      keepActOfCommand(documents, { type: 'log.archived', ...actorOfCommand(), archive }),
  });
  io.out(
    taken === 0
      ? `nothing to archive: the log has no whole segment of 256 records that are all of before ${before} (archived: ${until})`
      : `${taken} records are in ${to} and no more in the log; all records below ${until} are there now`,
  );
  return 0;
}
