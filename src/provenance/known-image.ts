/** Images on record, as a push looks for those that it is built on. */

export interface KnownImage {
  readonly repo: string;
  /** Under which it was pushed, if under one. */
  readonly tag: string | undefined;
  readonly digest: string;
  /** As they were pushed, lowest first. */
  readonly layerDigests: readonly string[];
}

/**
 * The accepted images whose layers are all of the longest chain that any image on record has: at most eight, the latest first.
 *
 * @param chains chain ids, from the longest to the shortest.
 */
export type ImagesOfChain = (chains: readonly string[]) => Promise<readonly KnownImage[]>;
