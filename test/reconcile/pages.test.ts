import { describe, expect, it } from '@jest/globals';
import { watchPages } from '../../src/reconcile/pages.ts';

/** How many pages are looked at before it is found to be endless; undefined where it is not. */
function endsAfter(pageAt: (page: number) => string, pages: number): number | undefined {
  const look = watchPages('GET /v2/_catalog');
  for (let page = 0; page < pages; page++) {
    try {
      look(pageAt(page));
    } catch (error) {
      expect((error as Error).message).toMatch(/^GET \/v2\/_catalog: .*; expected an end$/);
      return page + 1;
    }
  }
  return undefined;
}

describe('pages of a list of the registry', () => {
  it.each([2, 3, 5, 64, 1_000])('that lead in a circle of %d are found to do so', (length) => {
    expect(endsAfter((page) => `r${page % length}`, 5 * length)).toBeLessThanOrEqual(4 * length);
  });

  it('that lead into a circle later are found to do so', () => {
    expect(endsAfter((page) => (page < 700 ? `a${page}` : `r${page % 3}`), 5_000)).toBeLessThan(2_100);
  });

  it('that only go on come to an end too', () => {
    expect(endsAfter((page) => `r${page}`, 200_000)).toBe(100_001);
  });

  it('that differ are taken as they are', () => {
    expect(endsAfter((page) => `r${page}`, 5_000)).toBeUndefined();
  });
});
