/** Ids of records as bytes, in less than half the room. */

/** @returns the bytes of a UUID; undefined for what is none. */
export function idKey(id: string): Uint8Array | undefined {
  if (!/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id)) return undefined;
  return Buffer.from(id.replaceAll('-', ''), 'hex');
}
