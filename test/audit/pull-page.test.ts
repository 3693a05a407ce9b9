import { expect, test } from '@jest/globals';
import { pullPage } from '../../src/audit/questions/pulls.ts';
import type { FoundPull } from '../../src/inventory/pull.ts';

/** Latest first. */
const ROWS: readonly FoundPull[] = ['mine', 'other', 'other', 'mine', 'other', 'mine'].map(
  (repository, at) => ({
    ...{ id: 100 - at, repository, reference: '1', digest: `sha256:${'0'.repeat(64)}`, subject: '' },
    ...{ address: '10.0.0.5', first: 1_000, last: 9_000 - at, gets: 1, heads: 0 },
  }),
);

test('a page of pulls goes on at the last that its reader saw, and tells no time of a hidden one', async () => {
  const visible = ROWS.filter(({ repository }) => repository === 'mine');
  const seen: number[] = [];
  let place: { readonly last: number; readonly id: number } | undefined;
  for (const row of visible) {
    const { items, next } = await pullPage(
      async (limit, after) => ROWS.filter(({ last }) => last < (after?.last ?? 10_000)).slice(0, limit),
      1,
      place,
      (repository) => repository === 'mine',
    );
    seen.push(...items.map(({ last }) => Date.parse(last)));
    expect(next).toBe(row === visible.at(-1) ? undefined : `${row.last}.${row.id}`);
    place = { last: row.last, id: row.id };
  }
  expect(seen).toEqual(visible.map(({ last }) => last));
});
