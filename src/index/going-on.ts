/**
 * Entries of a log that go on from those which are indexed: the one before them is read along, in the same moment, and
 * must be the one that was indexed last. So entries of another log are never put behind those of the one before.
 */
import { hash } from 'node:crypto';

/** What is read to add the entries beginning with `from`. */
export function withBefore(from: number, limit: number): readonly [from: number, limit: number] {
  return from === 0 ? [0, limit] : [from - 1, limit + 1];
}

/**
 * @param read as `withBefore` says. @param mark `last`: SHA-256 of the entry before `from` in hex, '' for none.
 * @returns `same`: it is the same log; of another there are no leaves.
 */
export function goingOn(
  read: readonly Uint8Array[],
  { from, last }: { readonly from: number; readonly last: string },
): { readonly same: boolean; readonly leaves: readonly Uint8Array[] } {
  if (from === 0) return { same: true, leaves: read };
  const [before, ...leaves] = read;
  const same = before !== undefined && hash('sha256', before) === last;
  return { same, leaves: same ? leaves : [] };
}
