/**
 * What is to be known of the entries of one bundle to verify a log: their hashes, and what their records say that other
 * records must agree with. Pure. It is made in a thread and read in another, so it is in columns, which are quick to send.
 */
import { ENTRY_LIMIT } from '../tlog/bundle.ts';
import { HASH_SIZE, leafHash, sha256 } from '../tlog/hashing.ts';
import { rootOfTile, TILE_WIDTH } from '../tlog/tile.ts';
import { readLeaf } from './leaf.ts';

/** Kinds of what a record says. */
export const POLICY = 0;
export const MOVE = 1;
export const DROP = 2;
export const JUMP = 3;
export const WRONG = 4;

/** What a record says: its place in the bundle, its kind, and the words of that kind. */
export type Said =
  /** Decided by that policy; or, true, from here on it is in force. */
  | readonly [at: number, kind: typeof POLICY, digest: string, inForce: boolean]
  /** A tag shows another digest, null: none. `from` is undefined where a record of that type does not say it. */
  | readonly [
      at: number,
      kind: typeof MOVE,
      repo: string,
      tag: string,
      prev: number | null,
      from: string | null | undefined,
      digest: string | null,
    ]
  /** A manifest is gone, and all tags that showed it with it. */
  | readonly [at: number, kind: typeof DROP, repo: string, digest: string]
  /** The clock was set: what it would have shown and did show, in milliseconds since 1970. */
  | readonly [at: number, kind: typeof JUMP, expected: number, shown: number]
  /** It is no such record as Warden writes. */
  | readonly [at: number, kind: typeof WRONG, sentence: string];

export interface BundleFacts {
  /** How many entries. */
  readonly width: number;
  /** Leaf hashes, 32 bytes each. */
  readonly hashes: Uint8Array;
  /** Of the 256 of a full bundle. */
  readonly root: Uint8Array | undefined;
  /** Entries that no bundle can hold, and so nobody signed: their places, and bytes. */
  readonly tooLong: readonly (readonly [at: number, bytes: number])[];
  readonly meaning: Meant | undefined;
}

/** Of the records, in their order. */
export interface Meant {
  /** 16 bytes each. */
  readonly ids: Uint8Array;
  /** Milliseconds since 1970; not a number where it is no such record. */
  readonly times: Float64Array;
  /** Of those that move a tag: 16 bytes that stand for repository and tag. */
  readonly places: Uint8Array;
  readonly said: readonly Said[];
}

/** @param meaning whether records are read, and not hashed alone. */
export function factsOf(entries: readonly Uint8Array[], meaning: boolean): BundleFacts {
  const width = entries.length;
  const hashes = new Uint8Array(width * HASH_SIZE);
  for (const [at, entry] of entries.entries()) hashes.set(leafHash(entry), at * HASH_SIZE);
  const root = width === TILE_WIDTH ? rootOfTile(hashes) : undefined;
  const tooLong = entries.flatMap(({ length }, at) => (length > ENTRY_LIMIT ? [[at, length] as const] : []));
  return { width, hashes, root, tooLong, meaning: meaning ? meantBy(entries) : undefined };
}

function meantBy(entries: readonly Uint8Array[]): Meant {
  const ids = new Uint8Array(entries.length * 16);
  const times = new Float64Array(entries.length);
  const places = new Uint8Array(entries.length * 16);
  const said: Said[] = [];
  for (const [at, entry] of entries.entries()) {
    const read = readLeaf(entry);
    if (!read.ok) {
      times[at] = Number.NaN;
      said.push([at, WRONG, read.reason]);
      continue;
    }
    const { type, id, time, policy, clock, subject, tag } = read.leaf;
    ids.set(id, at * 16);
    times[at] = time;
    if (clock !== undefined) said.push([at, JUMP, clock.expected, clock.shown]);
    if (policy !== undefined) said.push([at, POLICY, policy, type === 'policy.changed']);
    if (subject === undefined) continue;
    const { repo, digest } = subject;
    if (type === 'manifest.deleted' && digest !== undefined) said.push([at, DROP, repo, digest]);
    if (tag === undefined || !MOVES.has(type)) continue;
    places.set(placeOf(repo, tag.name), at * 16);
    const deleted = type === 'tag.deleted';
    said.push([
      ...([at, MOVE, repo, tag.name, tag.prev ?? null] as const),
      deleted ? undefined : (tag.from ?? null),
      deleted ? null : (digest ?? null),
    ]);
  }
  return { ids, times, places, said };
}

/** Records that say where a tag now points. */
const MOVES: ReadonlySet<string> = new Set(['push.accepted', 'tag.drift', 'tag.deleted']);

/** Short, so that more of them are in memory; as many bits as nobody finds two names for. */
export function placeOf(repo: string, name: string): Uint8Array {
  return sha256(Buffer.from(`${repo}\0${name}`, 'utf8')).subarray(0, 16);
}
