/** `warden log export|import`: the whole log as a folder, and a folder as a log. */
import { join } from 'node:path';
import type { Command } from 'commander';
import { exportLog } from '../transfer/export-log.ts';
import { importLog } from '../transfer/import-log.ts';
import { openPostgresTarget } from '../transfer/postgres-target.ts';
import { openSqliteTarget } from '../transfer/sqlite-target.ts';
import { entriesFrom } from '../verify/bundle.ts';
import { folderSource } from '../verify/source.ts';
import { type LogDeps, run, settingsOf, TLOG_FOLDER } from './log-common.ts';
import { databaseOf, openLogOf } from './open-log.ts';

interface TransferOptions {
  readonly config: string;
}

/** Entries between two lines of progress. */
const PROGRESS_EVERY = 100_000;

export function addTransferCommands(log: Command, deps: LogDeps): void {
  log
    .command('export')
    .description('write the whole log into a folder, to verify it or to move it')
    .argument('<folder>', 'a new one, or one of an export of this log that was broken off')
    .option('--config <file>', 'the settings, which say where the log is', deps.defaultConfig)
    .action((folder: string, options: TransferOptions) => run(deps, () => exportTo(deps, folder, options)));
  log
    .command('import')
    .description('fill an empty log with an export; Warden must not run')
    .argument('<folder>', 'what `warden log export` wrote')
    .option('--config <file>', 'the settings, which say where the log shall be', deps.defaultConfig)
    .action((folder: string, options: TransferOptions) => run(deps, () => importFrom(deps, folder, options)));
}

async function exportTo(deps: LogDeps, folder: string, { config }: TransferOptions): Promise<number> {
  const settings = await settingsOf(config);
  const reader = await openLogOf(settings);
  try {
    const { size, root } = await exportLog({
      reader,
      tree: join(settings.data, TLOG_FOLDER),
      to: folder,
      onProgress: progress(deps, 'written'),
    });
    deps.io.out(`${folder}: ${size} records, root ${root}`);
    return 0;
  } finally {
    await reader.close();
  }
}

async function importFrom(deps: LogDeps, folder: string, { config }: TransferOptions): Promise<number> {
  const settings = await settingsOf(config);
  const postgres = databaseOf(settings);
  const target = postgres ? openPostgresTarget(postgres) : openSqliteTarget(settings.data);
  try {
    const told = { verified: progress(deps, 'verified'), written: progress(deps, 'written') };
    const size = await importLog({
      from: folder,
      entries: entriesFrom(folderSource(folder)),
      target,
      onProgress: (entries, all, what) => told[what](entries, all),
    });
    deps.io.out(`${size} records are imported`);
    return 0;
  } finally {
    await target.close();
  }
}

function progress({ io }: LogDeps, what: string): (entries: number, size: number) => void {
  let next = PROGRESS_EVERY;
  return (entries, size) => {
    if (entries < next) return;
    next = entries + PROGRESS_EVERY;
    io.err(`${what}: ${entries} of ${size}`);
  };
}
