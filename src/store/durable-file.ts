/** Puts a file in place so that it is the old or the new one at any moment, also after a power cut. For threads: it waits for the disk. */
import { randomBytes } from 'node:crypto';
import { closeSync, fchownSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { makeFolder } from './make-folder.ts';
import { ownerForRoot } from './owner-of-folder.ts';

export interface DurableFileOptions {
  readonly mode?: number;
  /** false: the name is durable only after `syncFolder`, for many files at once. */
  readonly syncFolder?: boolean;
}

/** @throws what the file system throws, with its `code`; then the old file is there. */
export function putFile(
  file: string,
  content: Uint8Array | string,
  { mode = 0o600, syncFolder: sync = true }: DurableFileOptions = {},
): void {
  const folder = dirname(file);
  makeFolder(folder, 0o700);
  const aside = `${file}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    const handle = openSync(aside, 'wx', mode);
    try {
      const owner = ownerForRoot(folder);
      if (owner) fchownSync(handle, owner.uid, owner.gid);
      const bytes = typeof content === 'string' ? Buffer.from(content, 'utf8') : content;
      for (let at = 0; at < bytes.length; ) at += writeSync(handle, bytes, at);
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    renameSync(aside, file);
  } catch (error) {
    rmSync(aside, { force: true });
    throw error;
  }
  if (sync) syncFolder(folder);
}

/** Makes the names in a folder durable. */
export function syncFolder(folder: string): void {
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
