/**
 * Arithmetic of indexes and sizes. JavaScript's bit operators end at 32 bits; a log may grow to 2^53, so these divide.
 */

/** How many complete levels stand above the leaves of a tree of `size`: floor(log2(size)). `size` is at least 1. */
export function highestBit(size: number): number {
  let bit = 0;
  for (let rest = size; rest >= 2; rest = Math.floor(rest / 2)) bit++;
  return bit;
}

/** The largest power of two below `size`, which is at least 2: where RFC 6962 splits a tree. */
export function splitOf(size: number): number {
  return 2 ** highestBit(size - 1);
}

/** Whether a number can be an index or a size. */
export function isSize(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

/** ASCII decimal without leading zeros, at most 2^53 - 1; undefined for anything else. */
export function parseSize(text: string): number | undefined {
  if (!/^(?:0|[1-9][0-9]{0,15})$/.test(text)) return undefined;
  const value = Number(text);
  return isSize(value) ? value : undefined;
}
