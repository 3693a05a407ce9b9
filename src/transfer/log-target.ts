/** A log that is filled by an import. */
export interface LogTarget {
  /**
   * Begins, or goes on with what an earlier import of the same tree has done.
   *
   * @param root of the whole tree, in base64.
   * @returns how many entries are there already.
   * @throws {Error} with one sentence where the log has entries that no import of this tree put there.
   */
  begin(root: string): Promise<number>;
  /** In one transaction. @param from the index of the first: as many as there are already. */
  add(from: number, entries: readonly Uint8Array[]): Promise<void>;
  /** With the tags: from now on the log can be used. */
  end(tags: Iterable<TagState>): Promise<void>;
  close(): Promise<void>;
}

export interface TagState {
  readonly repo: string;
  readonly tag: string;
  readonly index: number;
  /** Undefined: it is gone. */
  readonly digest: string | undefined;
}

export const NOT_EMPTY = 'the log has entries already; expected an empty one';
export const OTHER_IMPORT = 'the log is half imported from another export; expected the same one again';
