/** A file that is there whole or not at all, whenever its writer ends. */
import { randomBytes } from 'node:crypto';
import { open, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** For whoever runs the command alone: what is written names people and addresses. */
const MODE = 0o600;

/**
 * Writes beside the file, and puts it in its place when all of it is on the disk. One that was there before is replaced, a link
 * itself and not what it leads to. What is no file is left alone: root who writes to /dev/null would replace the device.
 *
 * @param signal aborted where it is to end before its end.
 * @throws {Error} with one sentence where it cannot be written, or was ended; and as `pieces`. Then the file is as it was.
 */
export async function writeWhole(
  file: string,
  pieces: AsyncGenerator<string | Uint8Array>,
  signal: AbortSignal,
): Promise<void> {
  await requireReplaceable(file);
  const part = join(dirname(file), `.${basename(file)}.${randomBytes(6).toString('hex')}.part`);
  const handle = await open(part, 'wx', MODE).catch((error: unknown) => {
    throw new Error(`${file} cannot be written: ${(error as { code?: string }).code}`);
  });
  try {
    for await (const piece of untilAborted(pieces, signal, file)) await handle.appendFile(piece);
    await handle.sync();
    await handle.close();
    await rename(part, file);
    await syncFolder(dirname(file));
  } catch (error) {
    await handle.close().catch(() => undefined);
    await rm(part, { force: true });
    const { code, syscall } = error as { code?: string; syscall?: string };
    const ofFile = syscall !== undefined && ['write', 'fsync', 'rename', 'open'].includes(syscall);
    throw ofFile ? new Error(`${file} cannot be written: ${code}`) : error;
  }
}

/** Also while the next piece is waited for: a server may take its time. */
async function* untilAborted<T>(
  pieces: AsyncGenerator<T>,
  signal: AbortSignal,
  file: string,
): AsyncGenerator<T> {
  const aborted = new Promise<'aborted'>((resolve) => {
    if (signal.aborted) resolve('aborted');
    else signal.addEventListener('abort', () => resolve('aborted'), { once: true });
  });
  for (;;) {
    const next = pieces.next();
    const found = await Promise.race([next, aborted]);
    if (found === 'aborted') {
      // Nobody waits for it any more.
      next.catch(() => undefined);
      throw new Error(`ended by ${String(signal.reason)}: ${file} was not written`);
    }
    if (found.done === true) return;
    yield found.value;
  }
}

async function requireReplaceable(file: string): Promise<void> {
  const found = await stat(file).catch(() => undefined);
  if (found !== undefined && !found.isFile())
    throw new Error(`${file} cannot be written: it is there, and is no file; expected a file, or a new name`);
}

/** So that the new name survives a power cut too. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  await handle.sync().finally(() => handle.close());
}
