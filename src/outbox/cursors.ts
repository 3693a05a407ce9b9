/**
 * How far each destination is. Where several instances share the log, one of them forwards to a destination: it holds
 * the cursor on a lease, and another takes over when it ends.
 */
import { DocumentExists, type Documents } from '../store/documents.ts';

export interface Mark {
  /** Index of the first entry that was not looked at. */
  readonly next: number;
  /** How many were delivered. */
  readonly sequence: number;
  /** SHA-256 of the entry before `next`, so that another log under the same name is seen; '' for none. */
  readonly last: string;
}

export interface Cursor {
  readonly name: string;
  readonly mark: Mark;
}

export interface StoredCursor extends Mark {
  readonly holder: string;
  /** Milliseconds since 1970. */
  readonly until: number;
}

export interface Cursors {
  /** The cursor, for as long as the lease; undefined while another instance has it. */
  hold(name: string, first: () => Promise<Mark>): Promise<Cursor | undefined>;
  /** Durable when fulfilled. @returns false where another instance has taken it. */
  move(cursor: Cursor, mark: Mark): Promise<boolean>;
  look(name: string): Promise<Mark | undefined>;
  /** Lets another instance take over at once. */
  release(name: string): Promise<void>;
}

export interface CursorsOptions {
  readonly documents: Documents<StoredCursor>;
  /** Another for each process. */
  readonly holder: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** Milliseconds. Longer than any try may take, clocks that differ included. */
const LEASE = 90_000;
const RENEW = 30_000;

export function createCursors({ documents, holder, now }: CursorsOptions): Cursors {
  async function write(name: string, version: number, body: StoredCursor): Promise<boolean> {
    return documents.replace(name, version, { body });
  }

  return {
    async hold(name, first) {
      const found = await documents.get(name);
      if (found === undefined) {
        const mark = await first();
        const body = { ...mark, holder, until: now() + LEASE };
        // Somebody else may have made it meanwhile: then the next round sees theirs.
        try {
          await documents.create({ id: name, subject: '', body });
          return { name, mark };
        } catch (error) {
          if (error instanceof DocumentExists) return undefined;
          throw error;
        }
      }
      const { holder: by, until, ...mark } = found.body;
      if (by !== holder && until > now()) return undefined;
      if (by === holder && until - now() > LEASE - RENEW) return { name, mark };
      const held = await write(name, found.version, { ...mark, holder, until: now() + LEASE });
      return held ? { name, mark } : undefined;
    },
    async move({ name }, mark) {
      const found = await documents.get(name);
      if (found === undefined || found.body.holder !== holder) return false;
      return write(name, found.version, { ...mark, holder, until: now() + LEASE });
    },
    async look(name) {
      return (await documents.get(name))?.body;
    },
    async release(name) {
      const found = await documents.get(name);
      if (found?.body.holder === holder) await write(name, found.version, { ...found.body, until: 0 });
    },
  };
}
