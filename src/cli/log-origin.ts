/** `warden log open-origin|adopt`: what an operator says of what was signed last, after a loss. */
import type { Command } from 'commander';
import { printable } from '../audit/printable.ts';
import type { Settings } from '../config/settings.ts';
import { openCheckpoint } from '../tlog/checkpoint.ts';
import { isKeyName } from '../tlog/vkey.ts';
import { changeShared } from '../transparency/postgres-last-signed.ts';
import {
  adoptCheckpoint,
  allowNextOrigin,
  readSigningLock,
  type SigningLock,
  writeSigningLock,
} from '../transparency/signing-lock.ts';
import { type LogDeps, readText, run, settingsOf } from './log-common.ts';
import { trustOf } from './log-trust.ts';
import { withDatabaseOf } from './open-log.ts';
import { UsageError } from './server.ts';

interface OriginOptions {
  readonly config: string;
  readonly after?: string;
}

export function addOriginCommands(log: Command, deps: LogDeps): void {
  const config = (command: Command): Command =>
    command.option('--config <file>', 'the settings, which say where the log is', deps.defaultConfig);
  config(
    log.command('open-origin').description('allow another name for the log, after restoring an older one'),
  )
    .argument('<origin>', 'the new name')
    .option('--after <file>', 'the last checkpoint of the name before, where the lock file is lost')
    .action((origin: string, options: OriginOptions) => run(deps, () => openOrigin(deps, origin, options)));
  config(log.command('adopt').description('say what was signed last, where the lock file is lost'))
    .argument('<file>', 'the newest checkpoint that there is')
    .action((file: string, options: OriginOptions) => run(deps, () => adopt(deps, file, options)));
}

async function openOrigin(
  { io }: LogDeps,
  origin: string,
  { config, after }: OriginOptions,
): Promise<number> {
  if (!isKeyName(origin)) throw new UsageError('the name has blanks or plus signs, or is empty');
  const note = after === undefined ? undefined : await readText(after);
  await changeSigned(await settingsOf(config), (lock, place) => allowNextOrigin(lock, place, origin, note));
  io.out(`${origin} may follow. Now set transparency.origin to it, and restart Warden.`);
  return 0;
}

async function adopt({ io }: LogDeps, file: string, { config }: OriginOptions): Promise<number> {
  const settings = await settingsOf(config);
  const { origin } = transparencyOf(settings);
  const { logs } = await trustOf({ config });
  const note = await readText(file);
  const opened = openCheckpoint(note, logs);
  if (!opened.ok) throw new UsageError(`${file}: ${opened.reason}`);
  await changeSigned(settings, (lock, place) => adoptCheckpoint(lock, place, opened, note));
  io.out(printable(`what was signed last for ${origin} is a tree of ${opened.checkpoint.size}`));
  return 0;
}

/** In the file of this machine and, where the log is in a database, there. */
async function changeSigned(
  settings: Settings,
  change: (lock: SigningLock | undefined, place: string) => SigningLock,
): Promise<void> {
  const { lockFile } = transparencyOf(settings);
  const here = readSigningLock(lockFile);
  await withDatabaseOf(settings, async (postgres) => {
    const next = postgres
      ? await changeShared(postgres, here, (lock) => change(lock, `${lockFile} or the database`))
      : change(here, lockFile);
    writeSigningLock(lockFile, next);
  });
}

function transparencyOf({ transparency }: Settings): NonNullable<Settings['transparency']> {
  if (transparency === undefined) throw new UsageError('the settings have no block transparency');
  return transparency;
}
