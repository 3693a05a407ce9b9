/**
 * Whether the records of a log fit together, besides being those that were signed: what a writer that lies could still do.
 *
 * What must be remembered of all records goes into a file that SQLite keeps for itself and deletes, so that a log of any
 * length is checked in the same memory.
 */
import { DatabaseSync } from 'node:sqlite';
import { DROP, JUMP, type Meant, MOVE, POLICY, placeOf, type Said, WRONG } from './bundle-facts.ts';
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
  /** Records that are not there, which are told by whoever looked for them. What can only be known from them is let pass. */
  skip(from: number, count: number): void;
  clock(): ClockReport;
  close(): void;
}

export function createMeaning({ skewMs, say }: MeaningOptions): Meaning {
  const db = new DatabaseSync('');
  db.exec(`
    PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-98304;
    CREATE TABLE id (id BLOB PRIMARY KEY) STRICT, WITHOUT ROWID;
    CREATE TABLE tag (place BLOB PRIMARY KEY, idx INTEGER NOT NULL, digest ANY) STRICT, WITHOUT ROWID;
    CREATE TABLE dropped (place BLOB PRIMARY KEY, idx INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    BEGIN;
  `);
  const addId = db.prepare('INSERT OR IGNORE INTO id VALUES (?)');
  const getTag = db.prepare('SELECT idx, digest FROM tag WHERE place = ?');
  const setTag = db.prepare('INSERT OR REPLACE INTO tag VALUES (?, ?, ?)');
  const getDropped = db.prepare('SELECT idx FROM dropped WHERE place = ?');
  const setDropped = db.prepare('INSERT OR REPLACE INTO dropped VALUES (?, ?)');
  let drops = false;
  const policies = new Set<string>();
  const lost: { readonly from: number; readonly until: number }[] = [];
  const timeline = createTimeline({ skewMs, say });

  /** What is on record of a tag: the last record about it, and the digest that it left there. */
  function lastOf(
    repo: string,
    place: Uint8Array,
  ): { readonly index: number | null; readonly digest: string | null } {
    const row = getTag.get(place) as { idx: number; digest: string | Uint8Array | null } | undefined;
    if (row === undefined) return { index: null, digest: null };
    const digest = row.digest === null ? null : unpackedDigest(row.digest);
    const dropped = drops && digest !== null ? getDropped.get(placeOf(repo, digest)) : undefined;
    const index = Number(dropped?.['idx'] ?? -1);
    return index > row.idx ? { index, digest: null } : { index: row.idx, digest };
  }

  /** Whether a record that another names is not there, and may be the last before it. @param known the last that is there. */
  function isLost(index: number | null, known: number | null): boolean {
    if (index === null || (known !== null && known > index)) return false;
    return lost.some(({ from, until }) => from <= index && index < until);
  }

  function move(
    index: number,
    place: Uint8Array,
    [, , repo, tag, prev, from, digest]: Extract<Said, { 1: typeof MOVE }>,
  ): void {
    const last = lastOf(repo, place);
    // What the tag showed before is then in that record alone.
    const unknown = isLost(prev, last.index);
    if (!unknown && prev !== last.index) {
      say(
        index,
        `says that the record before it about ${repo}:${tag} is ${prev ?? 'none'}, and it is ${last.index ?? 'none'}`,
      );
    } else if (!unknown && from !== undefined && from !== last.digest) {
      say(
        index,
        `says that ${repo}:${tag} was ${from ?? 'nothing'} before it, and the record before says ${last.digest ?? 'nothing'}`,
      );
    }
    setTag.run(place, index, digest === null ? null : packedDigest(digest));
  }

  /** Every tag that shows it is gone with it: it is remembered, and looked at when such a tag moves again. */
  function drop(index: number, repo: string, digest: string): void {
    setDropped.run(placeOf(repo, digest), index);
    drops = true;
  }

  function policy(index: number, digest: string, inForce: boolean): void {
    if (inForce) policies.add(digest);
    // Records from before policies were recorded cannot be held to it.
    else if (policies.size > 0 && !policies.has(digest)) {
      // Its own record may be among those that are not there.
      if (lost.length > 0) policies.add(digest);
      else say(index, `was decided by a policy (${digest}) that no policy.changed record names`);
    }
  }

  function hear(index: number, place: Uint8Array, said: Said): void {
    if (said[1] === POLICY) policy(index, said[2], said[3]);
    else if (said[1] === MOVE) move(index, place, said);
    else if (said[1] === DROP) drop(index, said[2], said[3]);
    else if (said[1] === WRONG) say(index, said[2]);
  }

  return {
    add(from, { ids, times, places, said }) {
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
        const place = places.subarray(at * 16, at * 16 + 16);
        for (let one = said[next]; one !== undefined && one[0] === at; one = said[++next])
          hear(index, place, one);
      }
    },
    skip(from, count) {
      lost.push({ from, until: from + count });
      timeline.skip();
    },
    clock: timeline.report,
    close: () => db.close(),
  };
}

const SHA256 = /^sha256:[\da-f]{64}$/;

function packedDigest(digest: string): string | Uint8Array {
  return SHA256.test(digest) ? Buffer.from(digest.slice(7), 'hex') : digest;
}

function unpackedDigest(digest: string | Uint8Array): string {
  return typeof digest === 'string' ? digest : `sha256:${Buffer.from(digest).toString('hex')}`;
}
