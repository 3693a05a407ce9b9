/** Puts a backup where Warden reads it, onto a place where nothing is yet: never over what is there. */
import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { makeFolder } from '../store/make-folder.ts';
import { copyDurably, syncFolders } from './files.ts';
import type { Manifest } from './manifest.ts';
import { DATA, DATABASES, KEYS, TREE_FOLDER } from './parts.ts';
import { verifyBackup } from './verify-backup.ts';

export interface RestoreOptions {
  readonly from: string;
  readonly data: string;
  readonly users: string | undefined;
  /** Where keys and certificates belong. Those of the backup are put back where there are none. */
  readonly keys: readonly string[];
}

export interface Restored {
  readonly manifest: Manifest;
  /** In the order in which they were made. */
  readonly files: readonly string[];
  /** Not in the backup, or there already. */
  readonly left: readonly string[];
}

/** What belongs to old databases would be read as part of the new ones. */
const BESIDE = ['', '-wal', '-shm', '-journal'];

/** @throws {Error} with one sentence; nothing was written then, unless the disk failed in the middle. */
export async function restoreBackup({ from, data, users, keys }: RestoreOptions): Promise<Restored> {
  const manifest = await verifyBackup(from);
  const names = [...DATABASES, 'index.db'].flatMap((name) => BESIDE.map((end) => `${name}${end}`));
  const inTheWay = [...names, TREE_FOLDER].find((name) => existsSync(join(data, name)));
  if (inTheWay !== undefined) {
    throw new Error(`${join(data, inTheWay)} is there: stop Warden and move the files of ${data} away first`);
  }
  makeFolder(data, 0o700);
  const files: string[] = [];
  const left: string[] = [];
  for (const { name } of manifest.files) {
    const target = targetOf(name, { data, users, keys });
    if (target === undefined || existsSync(target)) {
      left.push(target ?? name);
      continue;
    }
    copyDurably(join(from, name), target);
    files.push(target);
  }
  syncFolders(data);
  return { manifest, files, left };
}

function targetOf(name: string, { data, users, keys }: Omit<RestoreOptions, 'from'>): string | undefined {
  if (name.startsWith(`${DATA}/`)) return join(data, name.slice(DATA.length + 1));
  if (name === 'users.yaml') return users;
  if (name.startsWith(`${KEYS}/`)) return keys.find((key) => basename(key) === name.slice(KEYS.length + 1));
  return undefined;
}
