/** Replaces a file so that it is the old or the new one at any moment, also after a power cut. */
import { randomBytes } from 'node:crypto';
import { type FileHandle, mkdir, open, realpath, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { ownerForRoot } from '../store/owner-of-folder.ts';

/** Somebody else is at the file, or was and left the lock. */
export class FileLocked extends Error {
  override readonly name = 'FileLocked';
}

/** What the owner may do, and the group may read if it could before; others never. */
const KEPT_MODE = 0o640;
const NEW_MODE = 0o600;
const LOCK_WAIT_MS = 2_000;
const LOCK_POLL_MS = 50;

/**
 * Runs `edit` on the text of a file ('' where there is none) and puts its answer in place; undefined changes nothing.
 * Only one editor at a time: a second one waits a little.
 *
 * @throws {FileLocked} when the other one does not end. @throws what the file system throws, with its `code`.
 */
export async function replaceFile(
  file: string,
  edit: (text: string) => Promise<string | undefined> | string | undefined,
): Promise<void> {
  // A link is followed: the file behind it is replaced, and not the link by a file.
  const target = await realpath(file).catch(() => file);
  const folder = dirname(target);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const unlock = await lock(`${target}.lock`);
  try {
    const { text, before } = await read(target);
    const changed = await edit(text);
    if (changed !== undefined) await put(target, changed, before);
  } finally {
    await unlock();
  }
}

interface Before {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

async function read(target: string): Promise<{ text: string; before: Before | undefined }> {
  let handle: FileHandle;
  try {
    handle = await open(target, 'r');
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT') return { text: '', before: undefined };
    throw error;
  }
  try {
    const { mode, uid, gid } = await handle.stat();
    return { text: await handle.readFile('utf8'), before: { mode, uid, gid } };
  } finally {
    await handle.close();
  }
}

async function put(target: string, text: string, before: Before | undefined): Promise<void> {
  const temporary = `${target}.${process.pid}.${randomBytes(4).toString('hex')}.tmp`;
  const handle = await open(temporary, 'wx', NEW_MODE);
  try {
    try {
      const owner = ownerForRoot(dirname(target));
      if (before) {
        const own = await handle.stat();
        // Run by root, the file must stay readable for the service that it belongs to. Whoever cannot keep the owner
        // is refused by the system here, before anything has changed.
        if (own.uid !== before.uid || own.gid !== before.gid) await handle.chown(before.uid, before.gid);
        await handle.chmod(NEW_MODE | (before.mode & KEPT_MODE));
      } else if (owner) {
        await handle.chown(owner.uid, owner.gid);
      }
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(dirname(target));
}

/** Without this a power cut can take the rename back. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(join(folder, '.'), 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** A lock that its maker left behind is not taken over: two who do so at once would both believe to hold it. */
async function lock(path: string): Promise<() => Promise<void>> {
  for (const end = performance.now() + LOCK_WAIT_MS; ; ) {
    try {
      const handle = await open(path, 'wx', NEW_MODE);
      await handle.close();
      return () => rm(path, { force: true });
    } catch (error) {
      if ((error as { code?: string }).code !== 'EEXIST') throw error;
    }
    if (performance.now() >= end) {
      const since = await stat(path).then(
        (found) => ` since ${found.mtime.toISOString()}`,
        () => '',
      );
      throw new FileLocked(`another edit of the file is under way${since}; if there is none, remove ${path}`);
    }
    await wait(LOCK_POLL_MS);
  }
}
