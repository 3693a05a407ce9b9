/** Where it is kept what was signed last: a file beside one instance, or the database that several share. */
import type { Thread } from '../store/thread.ts';
import type { SigningLock } from './signing-lock.ts';

export interface SignedLast {
  readonly lock: SigningLock | undefined;
  /** Of the lock: another with each that is written. */
  readonly version: number;
  /** What this machine remembers, where that is of the same origin: the tree must go on from it as well. */
  readonly remembered?: { readonly size: number; readonly root: string } | undefined;
  /** The last note with the cosignatures that came for it, and the last that enough witnesses cosigned. */
  readonly note?: string | undefined;
  readonly cosigned?: string | undefined;
  /** Another with everything that is written. */
  readonly shown?: number;
  /** When it was signed, in milliseconds since 1970. */
  readonly at?: number;
}

export type Turn = { readonly mine: true } | { readonly mine: false; readonly signer: string };

/** Every function rejects with a StoreError when the storage fails. */
export interface LastSigned {
  /** For sentences. */
  readonly place: string;
  /** Whether several may sign, one at a time. */
  readonly shared: boolean;
  /** Whether this process is the one that signs, or who is. @param willing whether it takes what nobody has. */
  turn(willing: boolean): Promise<Turn>;
  /** @throws {Error} with one sentence where it is none that Warden wrote, or this machine remembers another log. */
  read(): Promise<SignedLast>;
  /** Durable when fulfilled. @returns false where it is no longer `before`, or no longer this process' turn. */
  swap(before: SignedLast, next: SigningLock): Promise<boolean>;
  /** Keeps on this machine what is signed, also by another. */
  remember(lock: SigningLock): Promise<void>;
  /** Hands on what the witnesses say. */
  cosigned(note: string, whole: boolean): Promise<void>;
  /** Lets another have the turn. */
  giveBack(): Promise<void>;
}

/** @param thread over tree-thread: the file is written and synchronised there. */
export function fileLastSigned(thread: Thread, lockFile: string): LastSigned {
  return {
    place: lockFile,
    shared: false,
    turn: async () => ({ mine: true }),
    read: async () => ({ lock: await thread.call<SigningLock | undefined>('readLock'), version: 0 }),
    // The log has one writer, and so has this file.
    async swap(_before, next) {
      await thread.call('writeLock', next);
      return true;
    },
    remember: async () => undefined,
    cosigned: async () => undefined,
    giveBack: async () => undefined,
  };
}
