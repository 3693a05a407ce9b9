/**
 * A store's thread whose files may not be openable yet: their disk is full, read-only, damaged or held by somebody.
 *
 * The process starts all the same, since what needs no disk (a pull) must not wait for it. Calls fail with the reason
 * until one of the tries that go on besides has opened the files.
 */
import type { Clock } from './clock.ts';
import { isTroubleOfDisk } from './failure-sentence.ts';
import { StoreError, THREAD_GONE, type Thread } from './thread.ts';

export interface PatientThreadDeps {
  /** Tried again and again. */
  readonly open: () => Promise<Thread>;
  readonly clock: Clock;
  /** Told why the first try failed, and once when a later one did not. Must not throw. */
  readonly onTrouble: (error: unknown) => void;
  readonly onOpened: () => void;
}

/** Milliseconds between two tries. */
export const RETRY_MS = 1_000;

/**
 * @returns at once after the first try, whether the files are open or not.
 * @throws {StoreError} where trying again cannot help: no right to the folder, another release's file, a second writer.
 */
export async function openPatiently({
  open,
  clock,
  onTrouble,
  onOpened,
}: PatientThreadDeps): Promise<Thread> {
  const ending = new AbortController();
  let thread: Thread | undefined;
  let trouble: unknown;
  try {
    return await open();
  } catch (error) {
    if (!isTroubleOfDisk(error)) throw error;
    trouble = error;
    onTrouble(error);
  }

  async function tryAgain(): Promise<void> {
    while (thread === undefined && !ending.signal.aborted) {
      await clock.sleep(RETRY_MS, ending.signal);
      if (ending.signal.aborted) return;
      try {
        thread = await open();
        onOpened();
      } catch (error) {
        // Also what could not be mended by waiting is only reported now: the process serves pulls already.
        trouble = error;
      }
    }
  }
  const trying = tryAgain();

  return {
    async call(name, args) {
      if (thread) return thread.call(name, args);
      if (ending.signal.aborted) throw new StoreError("the store's thread has ended", THREAD_GONE);
      const { message, errcode } = trouble as { message: string; errcode?: number };
      throw new StoreError(message, errcode);
    },
    async close() {
      ending.abort();
      await trying;
      await thread?.close();
    },
  };
}
