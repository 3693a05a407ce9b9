/** Commits as bytes, in half the room of their hex digits. */

export interface CommitKey {
  readonly key: Uint8Array;
  /** The last half byte is not a digit of it, but 0. */
  readonly odd: boolean;
}

/** @returns undefined for what is not 7 to 64 lower-case hex digits, which no question asks for. */
export function commitKey(commit: string): CommitKey | undefined {
  if (!/^[0-9a-f]{7,64}$/.test(commit)) return undefined;
  const odd = commit.length % 2 === 1;
  return { key: Buffer.from(odd ? `${commit}0` : commit, 'hex'), odd };
}

/** The keys of all commits that begin so, from `low` on and below `high`; of those with an odd number of digits some are shorter. */
export function commitKeys(prefix: string): { readonly low: Uint8Array; readonly high: Uint8Array } {
  const odd = prefix.length % 2 === 1;
  return {
    low: Buffer.from(odd ? `${prefix}0` : prefix, 'hex'),
    high: Buffer.concat([Buffer.from(odd ? `${prefix}f` : prefix, 'hex'), Buffer.alloc(33, 0xff)]),
  };
}
