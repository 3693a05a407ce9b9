/**
 * A long answer ends with the login that it was asked for, and does not look whole then.
 *
 * Who takes it is found out again while it is taken, also where they take nothing for a while: what was made for them
 * waits in memory, and would go out later.
 */
import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ErrorName, WardenError } from '../errors.ts';
import { isWardenError } from '../gate/exchange.ts';

export interface Allowed {
  readonly response: ServerResponse;
  /** Between two looks, in milliseconds. */
  readonly everyMs: number;
  /** Rejects where they may not have it any more. */
  readonly ask: () => Promise<unknown>;
  /** What stands at the end of an answer that is not whole. */
  readonly cut: (reason: ErrorName) => string;
  /** Told once. */
  readonly onCut: (reason: ErrorName) => Promise<void>;
}

/** For what was written to go out to a client that takes it. */
const LAST_MS = 1_300;

/** @throws {WardenError} behind the piece that says that it was cut: the connection is to be broken off, so that nobody takes it for whole. */
export async function* whileAllowed(
  pieces: AsyncGenerator<string>,
  { response, everyMs, ask, cut, onCut }: Allowed,
): AsyncGenerator<string> {
  const ended = new AbortController();
  let reason: ErrorName | undefined;
  const over = new Promise<WardenError>((resolve) => {
    void watch(resolve);
  });

  async function watch(tell: (refused: WardenError) => void): Promise<void> {
    const { signal } = ended;
    while (!signal.aborted) {
      await sleep(everyMs, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      const refused = await ask().then(
        () => undefined,
        (error: unknown) => (isRefusal(error) ? error : undefined),
      );
      if (refused === undefined) continue;
      reason = refused.name;
      tell(refused);
      await sleep(LAST_MS, undefined, { signal }).catch(() => undefined);
      // Whoever takes nothing is not waited for.
      response.destroy();
      return;
    }
  }

  try {
    for (;;) {
      const next = pieces.next();
      const found = await Promise.race([next, over]);
      if (isWardenError(found)) {
        next.catch(() => undefined);
        throw found;
      }
      if (found.done === true) return;
      yield found.value;
    }
  } catch (error) {
    reason = isWardenError(error) ? error.name : 'INTERNAL';
    yield cut(reason);
    // It has been handed on, and goes out before the connection is broken off.
    await Promise.race([new Promise<void>((resolve) => response.write('', () => resolve())), sleep(LAST_MS)]);
    throw error;
  } finally {
    ended.abort();
    await pieces.return(undefined);
    if (reason !== undefined) await onCut(reason);
  }
}

/** Somebody may not, as opposed to: it cannot be told now. */
function isRefusal(error: unknown): error is WardenError {
  return isWardenError(error) && (error.status === 401 || error.status === 403);
}
