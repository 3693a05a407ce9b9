/**
 * Verifies a whole log against a signed checkpoint, in one pass and in memory that does not grow with it.
 *
 * 1. The checkpoint is signed as the policy wants. 2. Each entry is hashed as its bytes stand there; each tile is compared.
 * 3. The root is the signed one. 4. Each older checkpoint is one of this tree's beginnings. 5. The records fit together.
 */
import { openCheckpoint } from '../tlog/checkpoint.ts';
import { createCompactRange } from '../tlog/compact-range.ts';
import { HASH_SIZE, leafHash, sameHash } from '../tlog/hashing.ts';
import type { TrustPolicy } from '../tlog/policy-file.ts';
import { hashesAt, hashInTile, rootOfTile, TILE_WIDTH, tilePath, widthAt } from '../tlog/tile.ts';
import { createMeaning } from './meaning.ts';
import type { LogSource } from './source.ts';

export interface VerifyOptions {
  readonly source: LogSource;
  readonly policy: TrustPolicy;
  /** Checkpoints of this log that were kept before, or by others; `name` is for the sentence. */
  readonly older: readonly { readonly name: string; readonly note: string }[];
  readonly skewMs: number;
  /** Whether records are read, and not hashed alone. */
  readonly meaning: boolean;
  /** Called now and then. Must not throw. */
  readonly onProgress?: (entries: number, size: number) => void;
}

export interface Problem {
  /** The entry that it is about, where it is about one. */
  readonly index?: number;
  readonly sentence: string;
}

export interface Verification {
  readonly ok: boolean;
  /** Undefined where the checkpoint is not believed: then nothing else was looked at. */
  readonly checkpoint:
    | { readonly origin: string; readonly size: number; readonly root: Uint8Array }
    | undefined;
  /** Names of witnesses that cosigned it. */
  readonly cosigned: readonly string[];
  /** Tiles that were there, and compared. */
  readonly tiles: number;
  /** The first ones. */
  readonly problems: readonly Problem[];
  /** All that were found. */
  readonly found: number;
}

/** More say no more. */
const SHOWN = 20;
/** Bundles that are asked for at once. */
const AHEAD = 4;

/** @throws with one sentence where the source cannot be read; what is read and wrong is a problem. */
export async function verifyLog(options: VerifyOptions): Promise<Verification> {
  const { source, policy } = options;
  const problems: Problem[] = [];
  let found = 0;
  const say = (sentence: string, index?: number): void => {
    found++;
    if (problems.length < SHOWN) problems.push(index === undefined ? { sentence } : { index, sentence });
  };
  const result = (
    checkpoint: Verification['checkpoint'],
    cosigned: readonly string[] = [],
    tiles = 0,
  ): Verification => ({ ok: found === 0, checkpoint, cosigned, tiles, problems, found });

  const opened = openCheckpoint(await source.checkpoint(), policy.logs, policy.witnesses);
  if (!opened.ok) {
    say(opened.reason);
    return result(undefined);
  }
  const { checkpoint } = opened;
  const { size, root, origin } = checkpoint;
  const cosigners = opened.cosigned.map(({ key }) => key);
  if (!policy.quorum(cosigners))
    say('too few of the witnesses that the policy names have cosigned the checkpoint');

  /** Roots that the tree must have on its way, by size. */
  const expected = new Map<number, { readonly name: string; readonly root: Uint8Array }[]>();
  for (const { name, note } of options.older) {
    const before = openCheckpoint(note, policy.logs, policy.witnesses);
    if (!before.ok) say(`${name}: ${before.reason}`);
    else if (before.checkpoint.origin !== origin)
      say(`${name} is of ${before.checkpoint.origin}, not of ${origin}`);
    else if (before.checkpoint.size > size)
      say(
        `${name} has ${before.checkpoint.size} entries, and the log ${size}: entries that were signed are gone`,
      );
    else {
      const list = expected.get(before.checkpoint.size) ?? [];
      list.push({ name, root: before.checkpoint.root });
      expected.set(before.checkpoint.size, list);
    }
  }

  const range = createCompactRange();
  const edges: Uint8Array[][] = [];
  let tiles = 0;
  const compareOlder = (): void => {
    for (const { name, root: wanted } of expected.get(range.size()) ?? []) {
      if (!sameHash(range.root(), wanted))
        say(`${name}: the first ${range.size()} entries of the log are not those that it was signed for`);
    }
  };

  async function compareTile(level: number, index: number, hashes: readonly Uint8Array[]): Promise<void> {
    const place = { level, index, width: hashes.length };
    const tile = await source.tile(place);
    if (tile === undefined) return;
    tiles++;
    if (tile.length !== hashes.length * HASH_SIZE) return say(`${tilePath(place)} has the wrong length`);
    const odd = hashes.findIndex((hash, at) => !sameHash(hash, hashInTile(tile, at)));
    if (odd < 0) return;
    if (level === 0) {
      const entry = index * TILE_WIDTH + odd;
      say(`entry ${entry} is not the one that ${tilePath(place)} has the hash of`, entry);
    } else say(`${tilePath(place)} is not what the tiles below it give`);
  }

  async function push(level: number, hash: Uint8Array): Promise<void> {
    const edge = edges[level] ?? [];
    edges[level] = edge;
    edge.push(hash);
    if (edge.length < TILE_WIDTH) return;
    edges[level] = [];
    const index = hashesAt(level, range.size()) / TILE_WIDTH - 1;
    await compareTile(level, index, edge);
    await push(level + 1, rootOfTile(Buffer.concat(edge)));
  }

  const meaning = options.meaning ? createMeaning({ skewMs: options.skewMs }) : undefined;
  try {
    compareOlder();
    for await (const [index, entries] of bundles(source, size)) {
      if (entries === undefined) {
        const from = index * TILE_WIDTH;
        const width = widthAt('entries', index, size);
        const tile = await source.tile({ level: 0, index, width });
        say(`entries ${from} to ${from + width - 1} are not there`, from);
        if (tile?.length !== width * HASH_SIZE) {
          say('without them and their hashes the tree cannot be made');
          return result(checkpoint, names(cosigners), tiles);
        }
        // The rest can still be held against the root by their hashes.
        for (let at = 0; at < width; at++) {
          range.append(hashInTile(tile, at));
          compareOlder();
          await push(0, hashInTile(tile, at));
        }
        continue;
      }
      for (const [at, entry] of entries.entries()) {
        const position = index * TILE_WIDTH + at;
        for (const sentence of meaning?.add(position, entry) ?? [])
          say(`entry ${position} ${sentence}`, position);
        const hash = leafHash(entry);
        range.append(hash);
        if (expected.size > 0) compareOlder();
        await push(0, hash);
      }
      if (index % 64 === 0) options.onProgress?.(range.size(), size);
    }
    for (const [level, edge] of edges.entries()) {
      const index = Math.floor(hashesAt(level, size) / TILE_WIDTH);
      if (edge.length > 0) await compareTile(level, index, edge);
    }
  } finally {
    meaning?.close();
  }
  if (!sameHash(range.root(), root)) say(`the ${size} entries do not have the root that was signed`);
  return result(checkpoint, names(cosigners), tiles);
}

function names(keys: readonly { readonly name: string }[]): readonly string[] {
  return keys.map(({ name }) => name);
}

/** In their order; some are asked for before they are needed, since a server is far away. */
async function* bundles(
  source: LogSource,
  size: number,
): AsyncGenerator<readonly [number, readonly Uint8Array[] | undefined]> {
  const count = Math.ceil(size / TILE_WIDTH);
  const asked: Promise<readonly Uint8Array[] | undefined>[] = [];
  for (let index = 0; index < count; index++) {
    while (asked.length < AHEAD && index + asked.length < count) {
      const next = index + asked.length;
      const answer = source.entries(next, widthAt('entries', next, size));
      // Looked at in its turn; until then nobody waits for it.
      answer.catch(() => undefined);
      asked.push(answer);
    }
    yield [index, await (asked.shift() as Promise<readonly Uint8Array[] | undefined>)] as const;
  }
}
