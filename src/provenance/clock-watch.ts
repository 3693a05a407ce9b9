/**
 * Notices that the machine's clock was set while Warden runs. Records keep the times that the clock said, and their order
 * is that of the log; a record of the jump tells a reader why times run back, or why an hour is missing.
 */
export interface ClockJump {
  /** What the clock would have shown, in milliseconds since 1970. */
  readonly expected: number;
  readonly shown: number;
}

/** A clock that is kept right is moved by less than this in a second. */
const LEAST_JUMP_MS = 2_000;

/** @returns a look, for each second: the jump since the look before. Slow corrections never add up to one. */
export function createClockWatch(clock: { now(): number; elapsed(): number }): () => ClockJump | undefined {
  let offset = clock.now() - clock.elapsed();
  return () => {
    const shown = clock.now();
    const expected = clock.elapsed() + offset;
    offset += shown - expected;
    return Math.abs(shown - expected) >= LEAST_JUMP_MS
      ? { expected: Math.round(expected), shown }
      : undefined;
  };
}
