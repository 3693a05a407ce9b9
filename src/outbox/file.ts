/**
 * Records as lines of JSON in a file, for logstash, filebeat and their like.
 *
 * A line is the leaf with its index put in front: without that member it is the leaf's bytes again. A delivery ends when
 * the disk has it. The file may be moved away at any time; the next delivery makes a new one.
 *
 * Others may write in its folder. So a link is not followed: it would lead to any file that Warden may write, and what
 * looks like a line that is not whole would be cut off there. A pipe would take a write that never ends.
 */
import { constants } from 'node:fs';
import { type FileHandle, lstat, open } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Destination, Outgoing } from './destination.ts';

/** Bytes at the end of a file that are looked at for what was delivered before a crash: more than a delivery holds. */
const TAIL = 4 * 1024 * 1024;
const AT_ONCE = 128;
/** The reader is often another user, in the file's group. */
const MODE = 0o640;
const NEWLINE = 0x0a;
/** Not blocking: to open a pipe waits for whoever reads it. */
const FLAGS =
  constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK;

export function createFileDestination(path: string): Destination {
  let handle: FileHandle | undefined;
  /** Device and inode. */
  let opened: string | undefined;
  /** Ids of what stood at the end of the file when it was opened: a crash came before the cursor had moved. */
  let there: ReadonlySet<string> = new Set();

  async function current(): Promise<FileHandle> {
    const found = await lstat(path, { bigint: true }).catch(() => undefined);
    if (handle !== undefined && found && placeOf(found) === opened) return handle;
    await handle?.close();
    handle = undefined;
    const file = await open(path, FLAGS, MODE);
    try {
      const status = await file.stat({ bigint: true });
      if (!status.isFile()) throw new Error('it is no regular file');
      there = await mend(file);
      opened = placeOf(status);
    } catch (error) {
      await file.close();
      throw error;
    }
    handle = file;
    return file;
  }

  return {
    atOnce: AT_ONCE,
    async deliver(entries) {
      try {
        const file = await current();
        const lines = entries.filter(({ facts }) => !there.has(facts.id)).map(lineOf);
        await file.appendFile(lines.join(''));
        await file.sync();
      } catch (error) {
        // The next try looks at what of it is there.
        await handle?.close().catch(() => undefined);
        handle = undefined;
        const { code, message } = error as { readonly code?: string; readonly message: string };
        throw new Error(`${basename(path)} cannot be written: ${REASONS[code ?? ''] ?? code ?? message}`);
      }
    },
    async close() {
      await handle?.close();
      handle = undefined;
    },
  };
}

const REASONS: Readonly<Record<string, string>> = {
  ELOOP: 'it is a symbolic link; expected the path of the file itself',
  EISDIR: 'it is a folder; expected a file',
};

function placeOf({ dev, ino }: { readonly dev: bigint; readonly ino: bigint }): string {
  return `${dev}:${ino}`;
}

function lineOf({ index, leaf }: Outgoing): string {
  return `{"index":${index},${leaf.slice(1)}\n`;
}

/** Cuts a last line that is not whole. @returns the ids of the last lines. */
async function mend(file: FileHandle): Promise<ReadonlySet<string>> {
  const { size } = await file.stat();
  const length = Math.min(size, TAIL);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, size - length);
  const tail = buffer.subarray(0, bytesRead);
  const end = tail.lastIndexOf(NEWLINE) + 1;
  if (end < tail.length) await file.truncate(size - (tail.length - end));
  const lines = tail.subarray(0, end).toString('utf8').split('\n');
  return new Set(lines.flatMap(idOf));
}

function idOf(line: string): readonly string[] {
  try {
    const { id } = JSON.parse(line) as { readonly id?: unknown };
    return typeof id === 'string' ? [id] : [];
  } catch {
    return [];
  }
}
