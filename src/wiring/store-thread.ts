/** A file of ours in a thread of its own, which the start does not wait for where its disk is in trouble. */
import { systemClock } from '../store/clock.ts';
import { openPatiently } from '../store/patient-thread.ts';
import { startThread, type Thread } from '../store/thread.ts';
import type { Part } from './part.ts';

export interface StoreOptions {
  /** What does not work until it is open, for the log. */
  readonly without: string;
  readonly module: URL;
  readonly options: unknown;
}

/** Closed when Warden ends. @throws {StoreError} with one sentence that names the file, where waiting cannot help. */
export async function storeThread(
  { log, endings }: Pick<Part, 'log' | 'endings'>,
  store: StoreOptions,
): Promise<Thread> {
  const thread = await ownThread({ log }, store);
  endings.defer(() => thread.close());
  return thread;
}

/** Closed by whoever asked for it: what is opened late, and ends after those that were there before. @throws {StoreError} likewise */
export function ownThread(
  { log }: Pick<Part, 'log'>,
  { without, module, options }: StoreOptions,
): Promise<Thread> {
  return openPatiently({
    open: () => startThread(module, options),
    clock: systemClock,
    onTrouble: (error) =>
      log.error({ why: (error as Error).message }, `a file cannot be opened; until it can, ${without}`),
    onOpened: () => log.info({ file: options }, 'a file that could not be opened at the start is open'),
  });
}
