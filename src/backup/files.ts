/** Files that are safe on the disk when a call returns, and are ours alone from their first moment. */
import { createHash } from 'node:crypto';
import {
  closeSync,
  constants,
  copyFileSync,
  createReadStream,
  fsyncSync,
  openSync,
  readdirSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { makeFolder } from '../store/make-folder.ts';

/** Makes the folders above it as well. @throws what the system says, also where there is such a file. */
export function copyDurably(from: string, to: string): void {
  makeFolder(dirname(to), 0o700);
  closeSync(openSync(to, 'wx', 0o600));
  copyFileSync(from, to, constants.COPYFILE_FICLONE);
  syncFile(to);
}

export function writeDurably(file: string, text: string): void {
  makeFolder(dirname(file), 0o700);
  const handle = openSync(file, 'wx', 0o600);
  // Not writeSync, which on a disk that gets full writes a part and says nothing.
  writeFileSync(handle, text);
  fsyncSync(handle);
  closeSync(handle);
}

export function syncFile(file: string): void {
  const handle = openSync(file, 'r');
  fsyncSync(handle);
  closeSync(handle);
}

/** Without this a power cut can take the names of files whose content is safe. */
export function syncFolders(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) syncFolders(join(folder, entry.name));
  }
  syncFile(folder);
}

/** The names of all files below a folder, with `/`, in order. Other things than files and folders are not followed. */
export function filesBelow(folder: string, under = ''): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .flatMap((entry) => {
      const name = under === '' ? entry.name : `${under}/${entry.name}`;
      if (entry.isDirectory()) return filesBelow(join(folder, entry.name), name);
      return entry.isFile() ? [name] : [];
    })
    .sort();
}

export async function describeFile(
  folder: string,
  name: string,
): Promise<{ readonly name: string; readonly bytes: number; readonly sha256: string }> {
  const file = join(folder, name);
  const hash = createHash('sha256');
  for await (const part of createReadStream(file)) hash.update(part as Buffer);
  return { name, bytes: statSync(file).size, sha256: hash.digest('hex') };
}
