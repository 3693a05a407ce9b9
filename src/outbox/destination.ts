/** What records are forwarded to. Types only. */

/** An entry of the push log on its way out. */
export interface Outgoing {
  /** Its index in the log. */
  readonly index: number;
  /** How many went to this destination before, so that a gap shows. The same again when it is sent again. */
  readonly sequence: number;
  /** The bytes of its leaf, as text. */
  readonly leaf: string;
  readonly facts: LeafFacts;
}

/** What of a leaf the destinations look at. Every record has these. */
export interface LeafFacts {
  readonly type: string;
  readonly id: string;
  /** RFC 3339 in UTC. */
  readonly time: string;
  readonly proxy: { readonly instance: string };
  readonly subject?: { readonly repo?: string; readonly digest?: string };
  readonly tag?: { readonly name: string };
}

export interface Destination {
  /** How many it takes at once. */
  readonly atOnce: number;
  /**
   * Fulfilled when all have arrived, as far as the other side can tell. Called again with the same after a failure, so
   * one may arrive twice; never with a later one before.
   *
   * @throws {Error} with a sentence for the operators; nothing secret is in it.
   */
  deliver(entries: readonly Outgoing[], signal: AbortSignal): Promise<void>;
  /**
   * Called now and then while there is nothing to deliver: what may have been lost on the way is sent again.
   *
   * @throws as deliver.
   */
  repeat?(signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}
