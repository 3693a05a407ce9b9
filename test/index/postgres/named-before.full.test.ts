/** A base that thousands of images named before it was pushed, with hundreds of bases of its own: each gets its share, and no more. */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { PushRecord } from '../../../src/provenance/record.ts';
import { anIntent } from '../../provenance/a-log.ts';
import { describeNeeding } from '../../support/needs.ts';
import { tablesAt } from './shared.ts';
import { startTwoIndexes, type TwoIndexes } from './two-indexes.ts';

const digestOf = (name: string): string => `sha256:${createHash('sha256').update(name).digest('hex')}`;
const several = (name: string, count: number) => Array.from({ length: count }, (_, at) => `${name}-${at}`);

/** Another repository's word about an image here, of which it would fill the share. */
const ELSEWHERE = 'stranger';

/** Images that name it, of which the newest get what it is built on. */
const IMAGES = 300;
/** What it is built on: 248, and the 8 by which. */
const OWN = 256;
const REACHED = Math.floor(50_000 / OWN);

const PUSHES: readonly (readonly [name: string, bases: readonly string[]])[] = [
  ...several('image', IMAGES).map((name) => [name, ['late']] as const),
  ['full', [...several('other', 250), 'late']],
  [ELSEWHERE, several('junk', 256)],
  ...several('middle', 8).map((name) => [name, several(`low-${name}`, 31)] as const),
  ['late', several('middle', 8)],
  // Named by nobody before, and built on what was.
  ['after', ['late']],
];

function recordOf([name, bases]: (typeof PUSHES)[number], at: number): PushRecord {
  const time = new Date(Date.parse('2026-03-01T00:00:00Z') + at * 1_000).toISOString();
  return {
    v: 1,
    ...anIntent({
      ...{ digest: digestOf(name), tag: null, began: time },
      repo: name === ELSEWHERE ? 'team/other' : 'team/app',
    }),
    ...{
      type: 'push.accepted',
      time,
      proxy: { instance: 'test', version: 'test' },
      backend: { status: 201, ms: 1 },
    },
    base: bases.map((base) => ({
      ...{ digest: digestOf(base), by: 'buildkit', evidence: 'claimed' },
      ...(name === ELSEWHERE && { of: digestOf(`image-${IMAGES - 1}`) }),
    })),
  } as PushRecord;
}

describeNeeding(['postgres'], 'a base that many named before it was on record', () => {
  let both: TwoIndexes;
  beforeAll(async () => {
    const records = PUSHES.map(recordOf);
    both = await startTwoIndexes({ record: (n) => records[n] as PushRecord }, records.length);
  }, 60_000);
  afterAll(() => both?.stop());

  const basesOf = (): Map<number, number> => {
    const rows = both.tablesOfFile()['built']?.map((row) => JSON.parse(row) as { readonly idx: string });
    return new Map(
      [...Map.groupBy(rows ?? [], ({ idx }) => Number(idx))].map(([idx, all]) => [idx, all.length]),
    );
  };

  it('gives its own to the newest of them, and to none more than an image may have', () => {
    const bases = basesOf();
    const counts = PUSHES.map((_, at) => bases.get(at) ?? 0);
    const images = counts.slice(0, IMAGES);
    // One of the newest is the full one.
    expect(images.filter((count) => count > 1)).toHaveLength(REACHED - 1);
    expect(images.lastIndexOf(1)).toBe(IMAGES - REACHED);
    expect(images.at(-1)).toBe(OWN);
    expect(counts[IMAGES]).toBe(OWN);
    expect(counts.at(-2)).toBe(OWN);
    expect(counts.at(-1)).toBe(OWN);
  });

  it.each([
    ['at once', [PUSHES.length], undefined],
    ['in parts', [10, IMAGES + 5, PUSHES.length - 1, PUSHES.length], undefined],
    ['as a long filling', [200, PUSHES.length], 1],
  ] as const)(
    'has the same rows in PostgreSQL, filled %s',
    async (_, parts, bulkFrom) => {
      const address = await both.database();
      await both.fill(address, parts, bulkFrom);
      const [found, expected] = [await tablesAt(address), both.tablesOfFile()];
      for (const name of ['built', 'base_repo']) expect([name, found[name]]).toEqual([name, expected[name]]);
    },
    30_000,
  );
});
