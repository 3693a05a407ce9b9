/** Where an nginx has the bodies that leave past Warden, and for whom. */
import type { Client } from './exchange.ts';

export type OffloadMode = 'accel' | 'redirect';

export interface Offload {
  readonly mode: OffloadMode;
  /** Of a body; what is smaller goes through here. */
  readonly minimumBytes: number;
  /** Whether this client's answer reaches an nginx that sends the body, or can send the client to one. */
  readonly reaches: (client: Client) => boolean;
  /**
   * Where the nginx has the blob: its path, or the signed address.
   * @param digest as it was validated.
   * @param proxied the last entry of X-Forwarded-For as the proxy wrote it.
   */
  readonly addressOf: (digest: string, client: Client, proxied: string | undefined) => string;
  /** Of blobs that are known to be too small. */
  readonly small: SmallBlobs;
}

export interface SmallBlobs {
  has(digest: string): boolean;
  add(digest: string): void;
}

/** So many digests are kept in mind; the oldest go first. */
const SMALL_LIMIT = 50_000;

/** What a digest names never changes, so neither does its size: nobody need be asked for it again. */
export function createSmallBlobs(): SmallBlobs {
  const known = new Set<string>();
  return {
    has: (digest) => known.has(digest),
    add(digest) {
      known.add(digest);
      const [oldest] = known;
      if (known.size > SMALL_LIMIT && oldest !== undefined) known.delete(oldest);
    },
  };
}
