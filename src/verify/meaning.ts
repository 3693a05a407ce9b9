/**
 * Whether the records of a log fit together, besides being those that were signed: what a writer that lies could still do.
 *
 * What must be remembered of all records goes into a file that SQLite keeps for itself and deletes, so that a log of any
 * length is checked in the same memory.
 */
import { DatabaseSync } from 'node:sqlite';
import { DROP, JUMP, type Meant, MOVE, POLICY, type Said, WRONG } from './bundle-facts.ts';
import { type ClockReport, createTimeline } from './timeline.ts';

export interface MeaningOptions {
  /** In milliseconds: how far time may run back between two records. Several are made at once, and clocks are set. */
  readonly skewMs: number;
  /** Told of each thing that does not fit, in the order of the records; the sentence goes on from "entry 5". */
  readonly say: (index: number, sentence: string) => void;
}

export interface Meaning {
  /** Records in their order. @param from the index of the first. */
  add(from: number, meant: Meant): void;
  /** Records that are not there: what would have been said of time by them is not known. */
  skip(): void;
  clock(): ClockReport;
  close(): void;
}

export function createMeaning({ skewMs, say }: MeaningOptions): Meaning {
  const db = new DatabaseSync('');
  db.exec(`
    PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-65536;
    CREATE TABLE id (id BLOB PRIMARY KEY) STRICT, WITHOUT ROWID;
    CREATE TABLE tag (repo TEXT, tag TEXT, idx INTEGER NOT NULL, digest TEXT, PRIMARY KEY (repo, tag)) STRICT, WITHOUT ROWID;
    BEGIN;
  `);
  const addId = db.prepare('INSERT OR IGNORE INTO id VALUES (?)');
  const getTag = db.prepare('SELECT idx, digest FROM tag WHERE repo = ? AND tag = ?');
  const setTag = db.prepare('INSERT OR REPLACE INTO tag VALUES (?, ?, ?, ?)');
  const dropDigest = db.prepare('UPDATE tag SET idx = ?, digest = NULL WHERE repo = ? AND digest = ?');
  const policies = new Set<string>();
  const timeline = createTimeline({ skewMs, say });

  function move(index: number, [, , repo, tag, prev, from, digest]: Extract<Said, { 1: typeof MOVE }>): void {
    const row = getTag.get(repo, tag) as { idx: number; digest: string | null } | undefined;
    if (prev !== (row?.idx ?? null)) {
      say(
        index,
        `says that the record before it about ${repo}:${tag} is ${prev ?? 'none'}, and it is ${row?.idx ?? 'none'}`,
      );
    } else if (from !== undefined && from !== (row?.digest ?? null)) {
      say(
        index,
        `says that ${repo}:${tag} was ${from ?? 'nothing'} before it, and the record before says ${row?.digest ?? 'nothing'}`,
      );
    }
    setTag.run(repo, tag, index, digest);
  }

  function policy(index: number, digest: string, inForce: boolean): void {
    if (inForce) policies.add(digest);
    // Records from before policies were recorded cannot be held to it.
    else if (policies.size > 0 && !policies.has(digest)) {
      say(index, `was decided by a policy (${digest}) that no policy.changed record names`);
    }
  }

  function hear(index: number, said: Said): void {
    if (said[1] === POLICY) policy(index, said[2], said[3]);
    else if (said[1] === MOVE) move(index, said);
    else if (said[1] === DROP) dropDigest.run(index, said[2], said[3]);
    else if (said[1] === WRONG) say(index, said[2]);
  }

  return {
    add(from, { ids, times, said }) {
      let next = 0;
      for (let at = 0; at < times.length; at++) {
        const index = from + at;
        const time = times[at] as number;
        if (!Number.isNaN(time)) {
          const id = ids.subarray(at * 16, at * 16 + 16);
          if (addId.run(id).changes === 0) say(index, 'has the id of a record before it');
          const first = said[next];
          const jump = first?.[0] === at && first[1] === JUMP ? first : undefined;
          timeline.add(index, time, jump && { expected: jump[2], shown: jump[3] });
        }
        for (let one = said[next]; one !== undefined && one[0] === at; one = said[++next]) hear(index, one);
      }
    },
    skip: timeline.skip,
    clock: timeline.report,
    close: () => db.close(),
  };
}
