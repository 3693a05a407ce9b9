/**
 * Verifies a whole log against a signed checkpoint, in one pass and in memory that does not grow with it.
 *
 * 1. The checkpoint is signed as the policy wants. 2. Each entry is hashed as its bytes stand there; each tile is compared.
 * 3. The root is the signed one. 4. Each older checkpoint is one of this tree's beginnings. 5. The records fit together.
 */

import { BUNDLE_DAMAGED, ENTRY_LIMIT } from '../tlog/bundle.ts';
import { openCheckpoint } from '../tlog/checkpoint.ts';
import { HASH_SIZE, sameHash } from '../tlog/hashing.ts';
import type { TrustPolicy } from '../tlog/policy-file.ts';
import { TILE_WIDTH, widthAt } from '../tlog/tile.ts';
import type { BundleFacts } from './bundle-facts.ts';
import { createLookers, type Lookers } from './lookers.ts';
import { createMeaning } from './meaning.ts';
import type { LogSource } from './source.ts';
import type { ClockReport } from './timeline.ts';
import { createTreeWalk } from './tree-walk.ts';

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

export interface Cosigned {
  readonly name: string;
  readonly time: number | undefined;
}

export interface Verification {
  readonly ok: boolean;
  /** Undefined where the checkpoint is not believed: then nothing else was looked at. */
  readonly checkpoint:
    | { readonly origin: string; readonly size: number; readonly root: Uint8Array }
    | undefined;
  /** Witnesses that cosigned it, and when they saw it, in seconds since 1970: long ago, nobody watches any more. */
  readonly cosigned: readonly Cosigned[];
  /** Tiles that were there, and compared. */
  readonly tiles: number;
  /** The first ones. */
  readonly problems: readonly Problem[];
  /** All that were found. */
  readonly found: number;
  /** Where the clock was set, and the longest silence: no faults. Undefined where records were not read. */
  readonly clock: ClockReport | undefined;
}

/** More say no more. */
const SHOWN = 20;
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
    cosigned: readonly Cosigned[] = [],
    tiles = 0,
    clock?: ClockReport,
  ): Verification => ({ ok: found === 0, checkpoint, cosigned, tiles, problems, found, clock });

  const opened = openCheckpoint(await source.checkpoint(), policy.logs, policy.witnesses);
  if (!opened.ok) {
    say(opened.reason);
    return result(undefined);
  }
  const { checkpoint } = opened;
  const { size, root, origin } = checkpoint;
  const cosigned = opened.cosigned.map(({ key, time }) => ({ name: key.name, time }));
  if (!policy.quorum(opened.cosigned.map(({ key }) => key)))
    say('too few of the witnesses that the policy names have cosigned the checkpoint');

  /** Roots that the tree must have on its way, by size. */
  const expected = new Map<number, { readonly name: string; readonly root: Uint8Array }[]>();
  for (const { name, note } of options.older) {
    const before = openCheckpoint(note, policy.logs, policy.witnesses);
    if (!before.ok)
      say(
        `${name}: ${before.reason}; one of before a change of the log's key needs the line of that key too`,
      );
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

  const walk = createTreeWalk({ source, size, older: expected, say });
  const meaning = options.meaning ? createMeaning({ skewMs: options.skewMs, say: sayOf(say) }) : undefined;
  const lookers = await createLookers(Math.ceil(size / TILE_WIDTH));
  try {
    for await (const [index, facts] of bundles(options, lookers, size)) {
      const from = index * TILE_WIDTH;
      if (facts !== undefined && 'width' in facts) {
        for (const [at, bytes] of facts.tooLong)
          say(`entry ${from + at} has ${bytes} bytes, and no entry has more than ${ENTRY_LIMIT}`, from + at);
        await walk.add(facts.hashes, facts.root);
        if (facts.meaning) meaning?.add(from, facts.meaning);
        if (index % 64 === 0) options.onProgress?.(from + facts.width, size);
        continue;
      }
      const width = widthAt('entries', index, size);
      const tile = await source.tile({ level: 0, index, width });
      say(
        `entries ${from} to ${from + width - 1} ${facts === undefined ? 'are not there' : `cannot be read: ${facts.damaged}`}`,
        from,
      );
      if (tile?.length !== width * HASH_SIZE) {
        say('without them and their hashes the tree cannot be made');
        return result(checkpoint, cosigned, walk.tiles());
      }
      // The rest can still be held against the root by their hashes.
      await walk.add(tile, undefined);
      meaning?.skip(from, width);
    }
    await walk.end();
    if (!sameHash(walk.root(), root)) say(`the ${size} entries do not have the root that was signed`);
    return result(checkpoint, cosigned, walk.tiles(), meaning?.clock());
  } finally {
    meaning?.close();
    await lookers.close();
  }
}

function sayOf(say: (sentence: string, index: number) => void): (index: number, sentence: string) => void {
  return (index, sentence) => say(`entry ${index} ${sentence}`, index);
}

/** Of a bundle; undefined where it is not there, and why where it was read and is none. */
type Facts = BundleFacts | { readonly damaged: string } | undefined;

/** In their order; some are under way before they are needed: a server is far away, and threads work side by side. */
async function* bundles(
  { source, meaning }: VerifyOptions,
  lookers: Lookers,
  size: number,
): AsyncGenerator<readonly [number, Facts]> {
  async function factsOf(index: number): Promise<Facts> {
    const width = widthAt('entries', index, size);
    try {
      const bundle = await source.bundle(index, width);
      return bundle && (await lookers.look({ bundle, width, meaning }));
    } catch (error) {
      const { errcode, message } = error as { errcode?: number; message: string };
      if (errcode === BUNDLE_DAMAGED) return { damaged: message };
      throw error;
    }
  }
  const count = Math.ceil(size / TILE_WIDTH);
  const asked: Promise<Facts>[] = [];
  for (let index = 0; index < count; index++) {
    while (asked.length < lookers.ahead && index + asked.length < count) {
      const answer = factsOf(index + asked.length);
      // Looked at in its turn; until then nobody waits for it.
      answer.catch(() => undefined);
      asked.push(answer);
    }
    yield [index, await (asked.shift() as Promise<Facts>)] as const;
  }
}
