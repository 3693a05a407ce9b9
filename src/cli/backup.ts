/** `warden backup` and `warden restore`: copies of what cannot be made again, and the way back. */
import { basename, dirname, join } from 'node:path';
import type { Command } from 'commander';
import { makeBackup } from '../backup/make-backup.ts';
import type { Manifest } from '../backup/manifest.ts';
import { KEYS } from '../backup/parts.ts';
import { restoreBackup } from '../backup/restore-backup.ts';
import { verifyBackup } from '../backup/verify-backup.ts';
import { loadSettings, type Settings } from '../config/settings.ts';
import { describeProblem } from '../config/yaml.ts';
import { followersOf } from '../token/key-ring-files.ts';
import type { Io } from './io.ts';
import { count } from './serve.ts';

export interface BackupDeps {
  readonly io: Io;
  readonly version: string;
  readonly defaultConfig: string;
  readonly exit: (code: number) => void;
}

/** Of the process: settings that cannot be read; and a backup that could not be made, is not whole, or is not put back. */
const BAD_SETTINGS = 2;
const FAILED = 3;

export function addBackupCommands(program: Command, deps: BackupDeps): void {
  program
    .command('backup')
    .description('copy the record, the credentials, the inventory and the users while Warden runs')
    .argument('<folder>', 'a new folder, or an empty one')
    .option('--with-keys', 'the keys and certificates too: whoever has such a backup can sign as Warden')
    .option('--config <file>', 'the settings', deps.defaultConfig)
    .action((folder: string, options: { readonly withKeys?: true; readonly config: string }) =>
      attempt(deps, options.config, async (settings) => {
        const manifest = await makeBackup({
          data: settings.data,
          inUse: settings.store === undefined,
          to: folder,
          users: settings.users,
          keys: options.withKeys ? keyFilesOf(settings) : [],
          version: deps.version,
          now: Date.now(),
        });
        if (settings.store !== undefined) {
          deps.io.err(
            'the record, the credentials and what else is counted and kept are in PostgreSQL, and not in this backup: use pg_dump for them',
          );
        }
        deps.io.out(`${folder}: ${describe(manifest)}`);
      }),
    );
  program
    .command('restore')
    .description('look whether a backup is whole, and put it where Warden reads it; Warden must not run')
    .argument('<folder>', 'what `warden backup` made')
    .option('--verify', 'look only; nothing is written')
    .option('--config <file>', 'the settings', deps.defaultConfig)
    .action((folder: string, options: { readonly verify?: true; readonly config: string }) => {
      if (options.verify) {
        return told(deps, async () =>
          deps.io.out(`${folder}: whole; ${describe(await verifyBackup(folder))}`),
        );
      }
      return attempt(deps, options.config, async (settings) => {
        const { data, users } = settings;
        const restored = await restoreBackup({
          from: folder,
          data,
          users,
          keys: keyFilesOf(settings, join(folder, KEYS)),
        });
        deps.io.out(`${data}: ${describe(restored.manifest)}`);
        for (const file of restored.left) deps.io.err(`${file} stays as it is`);
      });
    });
}

function attempt(
  deps: BackupDeps,
  config: string,
  work: (settings: Settings) => Promise<void>,
): Promise<void> {
  return told(deps, async () => {
    const loaded = await loadSettings(config);
    if (loaded.ok) return work(loaded.settings);
    for (const problem of loaded.problems) deps.io.err(describeProblem(problem));
    deps.exit(BAD_SETTINGS);
  });
}

async function told({ io, exit }: BackupDeps, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    io.err(`warden: ${(error as Error).message}`);
    exit(FAILED);
  }
}

function describe({ made, log, files }: Manifest): string {
  const of =
    log === undefined
      ? 'without a log'
      : `${count(log.size, 'record')}, root ${Buffer.from(log.root, 'hex').toString('base64')}`;
  return `backup of ${made}: ${of}; ${count(files.length, 'file')}`;
}

/** All that `warden keys` makes. A key of tokens that follows another has its name, whether it is there yet or not. */
function keyFilesOf(
  { tokens, registry, offload, attestations, transparency }: Settings,
  folderOfFollowers?: string,
): readonly string[] {
  const followers = followersOf(
    folderOfFollowers === undefined ? tokens.keyFile : join(folderOfFollowers, basename(tokens.keyFile)),
  );
  return [
    tokens.keyFile,
    ...followers.map(({ file }) => join(dirname(tokens.keyFile), basename(file))),
    registry.caKeyFile,
    registry.keyFile,
    registry.certificateFile,
    offload?.redirect?.keyFile,
    attestations?.keyFile,
    transparency?.keyFile,
    transparency?.previousKeyFile,
  ].filter((file) => file !== undefined);
}
