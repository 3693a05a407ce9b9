/** When a refusal is answered: at the end of the slot of time that it fell into. */

/**
 * @param tookMs how long it has taken already. @param slotMs 0: none.
 * @returns milliseconds to wait: all that took less than a slot are answered alike.
 */
export function refusalDelay(tookMs: number, slotMs: number): number {
  if (slotMs === 0) return 0;
  const slots = Math.max(1, Math.ceil(tookMs / slotMs));
  return slots * slotMs - tookMs;
}
