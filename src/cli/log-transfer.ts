/** `warden log export|import`: the whole log as a folder, and a folder as a log. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { type Checkpoint, openCheckpoint } from '../tlog/checkpoint.ts';
import { exportLog } from '../transfer/export-log.ts';
import { importLog } from '../transfer/import-log.ts';
import { openPostgresTarget } from '../transfer/postgres-target.ts';
import { openSqliteTarget } from '../transfer/sqlite-target.ts';
import { entriesFrom } from '../verify/bundle.ts';
import { folderSource } from '../verify/source.ts';
import { type LogDeps, run, settingsOf, TLOG_FOLDER } from './log-common.ts';
import { collect, type TrustOptions, trustOf } from './log-trust.ts';
import { databaseOf, openLogOf } from './open-log.ts';

interface TransferOptions {
  readonly config: string;
}

const CHECKPOINT = 'checkpoint';
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
    .option('--key <vkey>', 'a key that must have signed the export; otherwise that of the settings', collect)
    .option('--policy <file>', 'whose signatures are wanted: logs, witnesses, quorum')
    .action((folder: string, options: TrustOptions) => run(deps, () => importFrom(deps, folder, options)));
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

async function importFrom(deps: LogDeps, folder: string, options: TrustOptions): Promise<number> {
  const settings = await settingsOf(options.config);
  const signed = await signedOf(folder, options, settings.transparency !== undefined);
  if (signed === undefined) {
    deps.io.err('the export is compared with itself alone: it has no checkpoint, or no key is known for it');
  }
  const postgres = databaseOf(settings);
  const target = postgres ? openPostgresTarget(postgres) : openSqliteTarget(settings.data);
  try {
    const told = { verified: progress(deps, 'verified'), written: progress(deps, 'written') };
    const size = await importLog({
      from: folder,
      entries: entriesFrom(folderSource(folder)),
      ...{ target, signed },
      onProgress: (entries, all, what) => told[what](entries, all),
    });
    deps.io.out(`${size} records are imported`);
    return 0;
  } finally {
    await target.close();
  }
}

/**
 * The signed checkpoint of the export, believed by the keys that were given, or those of the settings.
 *
 * @returns undefined where there is none, or nobody named a key.
 * @throws {Error} with one sentence for one that is not signed by them.
 */
async function signedOf(
  folder: string,
  options: TrustOptions,
  inSettings: boolean,
): Promise<Checkpoint | undefined> {
  const wanted = options.key !== undefined || options.policy !== undefined;
  if (!existsSync(join(folder, CHECKPOINT)) && !wanted) return undefined;
  if (!wanted && !inSettings) return undefined;
  const { logs, witnesses, quorum } = await trustOf(options);
  const opened = openCheckpoint(await folderSource(folder).checkpoint(), logs, witnesses);
  if (!opened.ok) throw new Error(`${join(folder, CHECKPOINT)}: ${opened.reason}`);
  if (!quorum(opened.cosigned.map(({ key }) => key))) {
    throw new Error(
      `${join(folder, CHECKPOINT)}: too few of the witnesses that the policy names have cosigned it`,
    );
  }
  return opened.checkpoint;
}

function progress({ io }: LogDeps, what: string): (entries: number, size: number) => void {
  let next = PROGRESS_EVERY;
  return (entries, size) => {
    if (entries < next) return;
    next = entries + PROGRESS_EVERY;
    io.err(`${what}: ${entries} of ${size}`);
  };
}
