/**
 * Counts pulls without ever being in their way: an addition in memory, written each second.
 *
 * Where it cannot be written, it stays in memory up to a bound; what is past that is dropped, and the drops are counted.
 */
import type { Clock } from '../store/clock.ts';
import { startRegularFlush } from '../store/regular-flush.ts';
import { machineOf } from './inventory-thread.ts';
import type { PullCount } from './pull.ts';
import type { PullQuestions, PullStore } from './pull-store.ts';

/** One answered GET or HEAD of a manifest. */
export interface Pull {
  /** A HEAD, which looks and takes nothing: counted apart. */
  readonly head: boolean;
  /** The client's, canonical. */
  readonly address: string;
  /** The name of the host entry that the address belongs to, if any. */
  readonly host?: string | undefined;
  /** '' for the anonymous one. */
  readonly subject: string;
  readonly repository: string;
  /** Of the content that was answered. */
  readonly digest: string;
  /** The tag or digest that was asked for. */
  readonly reference: string;
  /** The User-Agent: claimed. */
  readonly client?: string | undefined;
}

/** What is counted is written before a question is answered, as far as it can be. */
export interface Inventory extends PullQuestions {
  /** Returns at once, never throws. */
  count(pull: Pull): void;
  /** Pulls that were not counted since the start, because nothing could be written for too long. */
  dropped(): number;
  /** Writes what is counted. Never rejected: what cannot be written stays. */
  flush(): Promise<void>;
  /** Writes what is counted, and ends. Idempotent. The store stays open. */
  close(): Promise<void>;
}

export interface InventoryDeps {
  readonly store: PullStore;
  readonly clock: Clock;
  /** Told why a flush failed. Must not throw. */
  onFailure?(error: unknown): void;
  /** Keys in memory; past them new ones are dropped. */
  readonly keyLimit?: number;
}

const FLUSH_MS = 1_000;
const FLUSH_KEYS = 5_000;
const KEY_LIMIT = 100_000;
const CLIENT_LIMIT = 200;

type Counting = { -readonly [K in keyof PullCount]: PullCount[K] };

export function createInventory({ store, clock, onFailure, keyLimit = KEY_LIMIT }: InventoryDeps): Inventory {
  let counts = new Map<string, Counting>();
  /** What is being written just now; it counts against the bound as well. */
  let underWay = 0;
  let dropped = 0;

  function merge(key: string, more: Counting): void {
    const known = counts.get(key);
    if (!known) {
      if (counts.size + underWay >= keyLimit) dropped += more.gets + more.heads;
      else counts.set(key, more);
      return;
    }
    known.gets += more.gets;
    known.heads += more.heads;
    known.first = Math.min(known.first, more.first);
    if (more.last < known.last) return;
    known.last = more.last;
    known.address = more.address;
    if (more.client !== undefined) known.client = more.client;
  }

  async function write(): Promise<void> {
    const batch = counts;
    if (batch.size === 0) return;
    counts = new Map();
    underWay = batch.size;
    try {
      await store.add([...batch.values()]);
      underWay = 0;
    } catch (error) {
      underWay = 0;
      // The older first, so that it is not what the bound drops.
      const newer = counts;
      counts = batch;
      for (const [key, count] of newer) merge(key, count);
      onFailure?.(error);
    }
  }

  const { flush, flushing, close } = startRegularFlush(clock, FLUSH_MS, write);

  return {
    count({ head, address, host, subject, repository, digest, reference, client }) {
      const now = clock.now();
      const place = { address, ...(host === undefined ? {} : { host }) };
      merge([machineOf(place), subject, repository, digest, reference].join('\n'), {
        ...place,
        ...{ subject, repository, digest, reference },
        first: now,
        last: now,
        gets: head ? 0 : 1,
        heads: head ? 1 : 0,
        ...(client === undefined ? {} : { client: client.slice(0, CLIENT_LIMIT) }),
      });
      // While a flush is under way, or fails, the rhythm of seconds is enough.
      if (counts.size === FLUSH_KEYS && !flushing()) void flush();
    },
    dropped: () => dropped,
    flush,
    async find(question) {
      await flush();
      return store.find(question);
    },
    async repositories() {
      await flush();
      return store.repositories();
    },
    async series(question) {
      await flush();
      return store.series(question);
    },
    async ranking(question) {
      await flush();
      return store.ranking(question);
    },
    close,
  };
}
