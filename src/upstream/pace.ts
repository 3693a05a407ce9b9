/**
 * Notices a transfer that does not go on. A byte now and then is not going on: it would hold a connection of the client
 * and one of the registry for as long as its sender likes.
 */

/** In bytes, of one window of time. A modem of 1990 moves more than that in a minute. */
const LEAST_BYTES = 65_536;

export interface Pace {
  moved(bytes: number): void;
  stop(): void;
}

/** @param onSlow called once, when fewer than 64 KiB moved within `windowMs` and the transfer has not been stopped. */
export function watchPace(windowMs: number, onSlow: () => void): Pace {
  let moved = 0;
  const timer = setTimeout(onSlow, windowMs);
  return {
    moved(bytes) {
      moved += bytes;
      if (moved < LEAST_BYTES) return;
      moved = 0;
      timer.refresh();
    },
    stop: () => clearTimeout(timer),
  };
}
