/** All documents of a kind in memory, so that a question of them waits for no disk and no network. */
import type { DocumentStore, StoredDocument } from './documents.ts';

export interface DocumentCopy<T> {
  /** By id, as of the last look that succeeded; empty before the first. */
  current(): ReadonlyMap<string, StoredDocument<T>>;
  /** Looks whether anything was written, by whichever process: what was, before this was called, is there afterwards. Never rejects. */
  refresh(): Promise<void>;
}

export interface DocumentCopyOptions {
  readonly store: Pick<DocumentStore, 'of' | 'revision'>;
  readonly kind: string;
  /** Told of each look that failed. The copy goes on. */
  readonly onFailure: (error: unknown) => void;
}

/** Whoever makes one looks as often as the copy may be old. */
export function createDocumentCopy<T>({ store, kind, onFailure }: DocumentCopyOptions): DocumentCopy<T> {
  const documents = store.of<T>(kind);
  let copy: ReadonlyMap<string, StoredDocument<T>> = new Map();
  let seen: number | undefined;
  let last: Promise<void> = Promise.resolve();
  let waiting: Promise<void> | undefined;

  async function look(): Promise<void> {
    waiting = undefined;
    try {
      // The revision first: a write between the two is seen at the next look.
      const revision = await store.revision(kind);
      if (revision === seen) return;
      const list = await documents.list();
      copy = new Map(list.map((one) => [one.id, one]));
      seen = revision;
    } catch (error) {
      onFailure(error);
    }
  }

  return {
    current: () => copy,
    refresh() {
      // One that is under way may have begun before what is to be seen was written; one that waits has not.
      waiting ??= last = last.then(look);
      return waiting;
    },
  };
}
