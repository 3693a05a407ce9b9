/** Where the policies that were in force are kept: a file of this instance, or the database of all. */
import type { PolicyText } from '../config/policy-texts.ts';
import type { Thread } from '../store/thread.ts';
import type { Begun, Entry } from './versions-thread.ts';

/** When one version was in force. A stop of Warden does not end it. */
export interface PolicyPeriod {
  /** `sha256:…`, as records and the log name it. */
  readonly digest: string;
  /** Milliseconds since 1970. */
  readonly from: number;
  /** Exclusive; undefined: it is in force still, or was when Warden stopped. */
  readonly until: number | undefined;
}

/** Every function rejects with a StoreError when the storage fails. */
export interface VersionStore {
  /** Durable when fulfilled. Nothing where the last one of this instance is of the same meaning. */
  enter(entry: Entry): Promise<void>;
  /** Oldest first. Where several instances decide, two may be in force at once. */
  periods(): Promise<readonly PolicyPeriod[]>;
  /** The files of a version; undefined where it is not kept. */
  texts(digest: string): Promise<readonly PolicyText[] | undefined>;
  close(): Promise<void>;
}

/** @param thread over versions-thread, closed with the store. */
export function sqliteVersions(thread: Thread): VersionStore {
  return {
    enter: (entry) => thread.call('enter', entry),
    async periods() {
      const begun = await thread.call<readonly Begun[]>('periods');
      return begun.map(({ digest, since }, at) => ({ digest, from: since, until: begun[at + 1]?.since }));
    },
    texts: (digest) => thread.call<readonly PolicyText[] | undefined>('texts', { digest }),
    close: () => thread.close(),
  };
}

/** Of an instance that kept none yet. */
export const NO_VERSIONS: Omit<VersionStore, 'enter'> = {
  periods: async () => [],
  texts: async () => undefined,
  close: async () => undefined,
};
