import { expect, it } from '@jest/globals';
import { type Decided, sharedPeriods } from '../../src/history/shared-periods.ts';

const said = (digest: string, since: number, until: number, last = true): Decided => ({
  ...{ digest, since, until, last },
});

it.each<[string, readonly Decided[], readonly [string, number, number | undefined][]]>([
  ['nothing', [], []],
  [
    'one instance',
    [said('a', 0, 5, false), said('b', 5, 90)],
    [
      ['a', 0, 5],
      ['b', 5, undefined],
    ],
  ],
  [
    'two that take a policy over one after the other',
    [said('a', 0, 10, false), said('a', 1, 12, false), said('b', 10, 90), said('b', 12, 91)],
    [
      ['a', 0, 12],
      ['b', 10, undefined],
    ],
  ],
  [
    'a start again with the same policy, after a stop',
    [said('a', 0, 20), said('a', 50, 90)],
    [['a', 0, undefined]],
  ],
  [
    'a start again with another policy: the one before goes on until then',
    [said('a', 0, 20), said('b', 50, 90)],
    [
      ['a', 0, 50],
      ['b', 50, undefined],
    ],
  ],
  [
    'one that died with an old policy',
    [said('a', 0, 20), said('b', 10, 90)],
    [
      ['a', 0, 20],
      ['b', 10, undefined],
    ],
  ],
  [
    'two that go on with different policies',
    [said('a', 0, 89), said('b', 10, 90)],
    [
      ['a', 0, undefined],
      ['b', 10, undefined],
    ],
  ],
  [
    'a policy that comes back',
    [said('a', 0, 5, false), said('b', 5, 9, false), said('a', 9, 90)],
    [
      ['a', 0, 5],
      ['b', 5, 9],
      ['a', 9, undefined],
    ],
  ],
])('when which policy was in force: %s', (_, decided, expected) => {
  const periods = sharedPeriods(decided, 3);
  expect(periods.map(({ digest, from, until }) => [digest, from, until])).toEqual(expected);
});
