import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { commitKey, commitKeys } from '../../../src/index/common/commit-key.ts';
import { endOfLongest, spansOf } from '../../../src/index/questions/day-spans.ts';

describe('a commit as bytes', () => {
  const hex = fc.stringMatching(/^[0-9a-f]{7,64}$/);

  it('is found by each of its beginnings, and by no other', () => {
    fc.assert(
      fc.property(hex, hex, fc.integer({ min: 7, max: 66 }), (commit, other, length) => {
        for (const prefix of [commit.slice(0, length), `${commit}0`.slice(0, 64), other]) {
          const found = commitKey(commit);
          const { low, high } = commitKeys(prefix);
          const within =
            found !== undefined &&
            Buffer.compare(found.key, low) >= 0 &&
            Buffer.compare(found.key, high) < 0 &&
            (!found.odd || found.key.length * 2 > prefix.length);
          expect(within).toBe(commit.startsWith(prefix));
        }
      }),
    );
  });

  it.each(['', 'abc', 'ABCDEF0', 'r4711', 'g'.repeat(40), 'a'.repeat(65)])('is none: %j', (text) => {
    expect(commitKey(text)).toBeUndefined();
  });
});

it('a time is spans of 1, 8 and 64 days in which each of its days is once', () => {
  const day = fc.integer({ min: 0, max: 30_000 });
  fc.assert(
    fc.property(day, fc.integer({ min: -5, max: 1_500 }), (from, length) => {
      const spans = spansOf(from, from + length);
      const days = spans.flatMap((span) =>
        Array.from(
          { length: (span.to - span.from) * 2 ** span.level },
          (_, at) => span.from * 2 ** span.level + at,
        ),
      );
      expect(days.sort((one, other) => one - other)).toEqual(
        Array.from({ length: Math.max(0, length) }, (_, at) => from + at),
      );
      expect(spans.reduce((sum, span) => sum + span.to - span.from, 0)).toBeLessThan(28 + length / 64);
    }),
  );
  expect([endOfLongest(64), endOfLongest(65), endOfLongest(127)]).toEqual([64, 128, 128]);
});
