/** One accepted manifest with what it was directly built on. */
export interface Built {
  readonly idx: number;
  readonly repo: number;
  /** Of the manifest. */
  readonly digest: Uint8Array | undefined;
  readonly bases: readonly {
    /** The base's number among the names, and its digest. */
    readonly id: number;
    readonly digest: string;
    readonly of: string | undefined;
    readonly claimed: boolean;
  }[];
}
