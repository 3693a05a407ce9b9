/**
 * Small durable things that are found by their id: sessions, robots, grants, revocations. One interface, so that several
 * instances can share them in a database as one keeps them in a file.
 */

export interface StoredDocument<T> {
  readonly id: string;
  /** Another with every write, and never one that a document of this id had before it was removed. */
  readonly version: number;
  /** Whom it belongs to. */
  readonly subject: string;
  /** Milliseconds since 1970. What has expired is returned until somebody removes it: the reader looks at the time. */
  readonly expiresAt: number | undefined;
  /** What JSON keeps, and no more. */
  readonly body: T;
}

export interface NewDocument<T> {
  readonly id: string;
  readonly subject: string;
  readonly expiresAt?: number | undefined;
  readonly body: T;
}

/** Documents of one kind. What is fulfilled is durable. Every function rejects with a StoreError when the storage fails. */
export interface Documents<T> {
  get(id: string): Promise<StoredDocument<T> | undefined>;
  /** In the order of their ids. */
  list(filter?: { readonly subject?: string }): Promise<readonly StoredDocument<T>[]>;
  /** @throws {DocumentExists} when there is one of this id, expired or not. */
  create(document: NewDocument<T>): Promise<void>;
  /** Compare and swap. @returns false when the document is gone, or is no longer of this version: somebody was first. */
  replace(
    id: string,
    version: number,
    next: { readonly expiresAt?: number | undefined; readonly body: T },
  ): Promise<boolean>;
  /** @returns whether it was there, and of this version where one is given. */
  remove(id: string, version?: number): Promise<boolean>;
  /** @returns how many. */
  removeExpired(now: number): Promise<number>;
}

export interface DocumentStore {
  of<T>(kind: string): Documents<T>;
  /** Grows with every write of any process, or with every one of this kind: a cheap look tells that a copy is stale. */
  revision(kind?: string): Promise<number>;
  close(): Promise<void>;
}

/** There is a document of this kind and id. */
export class DocumentExists extends Error {
  override readonly name = 'DocumentExists';
  constructor(kind: string, id: string) {
    super(`there is a ${kind} ${id} already`);
  }
}
