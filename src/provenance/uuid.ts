/**
 * A UUID of version 7: 48 bits of milliseconds, then chance. Sorts by the time it was made.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9562#section-5.7
 */

/** `time` in milliseconds since 1970; `random` at least 10 bytes that nobody can guess, of which 74 bits are used. */
export function uuidV7(time: number, random: Uint8Array): string {
  if (random.length < 10) throw new RangeError(`a UUID needs 10 random bytes, not ${random.length}`);
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, Math.floor(time / 65_536));
  view.setUint16(4, time % 65_536);
  bytes.set(random.subarray(0, 10), 6);
  view.setUint8(6, 0x70 | (view.getUint8(6) & 0x0f));
  view.setUint8(8, 0x80 | (view.getUint8(8) & 0x3f));
  const hex = Buffer.from(bytes).toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
