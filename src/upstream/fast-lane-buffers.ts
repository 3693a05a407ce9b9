/** The large buffers of the fast lane, kept for the next transfer: to make and zero one costs as much as to fill it. */

/** Reads of this size cost half the processor time of reads of 64 kB, and larger ones save no more. */
export const LARGE_BYTES = 524_288;
/** So many are kept: as many transfers as a few processors move at once. */
const KEPT = 16;

export interface LaneBuffers {
  take(): Buffer;
  /** Only a buffer that nothing reads from or writes into any more. One that is in doubt is dropped instead. */
  give(buffer: Buffer): void;
}

/** Buffers of LARGE_BYTES. */
export function createLaneBuffers(): LaneBuffers {
  const kept: Buffer[] = [];
  return {
    take: () => kept.pop() ?? Buffer.allocUnsafeSlow(LARGE_BYTES),
    give(buffer) {
      if (kept.length < KEPT) kept.push(buffer);
    },
  };
}
