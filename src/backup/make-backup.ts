/** Copies everything that cannot be made again, while Warden runs. */
import { existsSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { LOG_FILE } from '../provenance/log-thread.ts';
import { makeFolder } from '../store/make-folder.ts';
import { copyDatabase, requireSound } from './copy-database.ts';
import { copyDurably, describeFile, filesBelow, syncFolders, writeDurably } from './files.ts';
import { logFacts } from './log-facts.ts';
import type { Manifest } from './manifest.ts';
import { DATA, DATABASES, KEYS, MANIFEST_FILE, NEVER_COPIED, TREE_FOLDER } from './parts.ts';

export interface BackupOptions {
  /** `data` of the settings. */
  readonly data: string;
  /** Whether the record and the rest are in its databases. Otherwise those that lie there are of before, and left out. */
  readonly inUse: boolean;
  /** A folder that is empty, or not there yet. */
  readonly to: string;
  /** The users file. One that is not there is left out. */
  readonly users: string | undefined;
  /** Keys and certificates, where they are asked for: whoever has them can sign as Warden does. */
  readonly keys: readonly string[];
  readonly version: string;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** @throws {Error} with one sentence; the folder is then no whole backup, which its missing backup.json says. */
export async function makeBackup(options: BackupOptions): Promise<Manifest> {
  const { data, inUse, to, users, keys, version, now } = options;
  if (existsSync(to) && readdirSync(to).length > 0) {
    throw new Error(`${to} is not empty; each backup needs a folder of its own`);
  }
  requireNamesApart(keys);
  const copies = join(to, DATA);
  makeFolder(copies, 0o700);
  copyTree(join(data, TREE_FOLDER), join(copies, TREE_FOLDER));
  for (const name of inUse ? DATABASES : []) {
    const file = join(data, name);
    if (!existsSync(file)) continue;
    await copyDatabase(file, join(copies, name));
    requireSound(join(copies, name));
  }
  if (users !== undefined && existsSync(users)) copyDurably(users, join(to, 'users.yaml'));
  for (const key of keys) if (existsSync(key)) copyDurably(key, join(to, KEYS, basename(key)));
  const log = join(copies, LOG_FILE);
  const files = [];
  for (const name of filesBelow(to)) files.push(await describeFile(to, name));
  const manifest: Manifest = {
    format: 'registry-warden-backup',
    version: 1,
    made: new Date(now).toISOString(),
    warden: version,
    ...(existsSync(log) && { log: logFacts(log) }),
    files,
  };
  // What it lists is safe before it is.
  syncFolders(to);
  writeDurably(join(to, MANIFEST_FILE), `${JSON.stringify(manifest, undefined, 2)}\n`);
  syncFolders(to);
  return manifest;
}

function copyTree(from: string, to: string): void {
  if (!existsSync(from)) return;
  for (const name of filesBelow(from)) {
    // A file that is replaced by renaming has its other name for a moment only.
    if (NEVER_COPIED.test(name) || name.endsWith('.tmp')) continue;
    copyDurably(join(from, name), join(to, name));
  }
}

/** Their folders are not kept. */
function requireNamesApart(keys: readonly string[]): void {
  const names = keys.map((key) => basename(key));
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) throw new Error(`two keys are called ${twice}; a backup needs different names`);
}
