import { describe, expect, it } from '@jest/globals';
import { bytesAsked } from '../../src/protocol/range.ts';

describe('bytesAsked', () => {
  it.each<readonly [string | undefined, number | undefined]>([
    [undefined, 1000],
    ['bytes=0-', 1000],
    ['bytes=0-999', 1000],
    ['bytes=0-5000', 1000],
    ['bytes=0-0', 1],
    ['bytes=999-', 1],
    ['bytes=10-19', 10],
    ['bytes=1000-', undefined],
    ['bytes=1000-1001', undefined],
    ['bytes=20-10', undefined],
    ['bytes=-10', undefined],
    ['bytes=0-9,20-29', undefined],
    ['bytes=0-9, 20-29', undefined],
    ['bytes= 0-9', undefined],
    ['Bytes=0-9', undefined],
    ['bytes=00-9', undefined],
    ['bytes=0x1-9', undefined],
    ['bytes=1e2-', undefined],
    ['bytes=-', undefined],
    ['items=0-9', undefined],
    ['', undefined],
    [`bytes=0-${'9'.repeat(40)}`, undefined],
  ])('%s of 1000 bytes: %s', (range, bytes) => {
    expect(bytesAsked(range, 1000)).toBe(bytes);
  });

  it('has no range of nothing', () => {
    expect(bytesAsked(undefined, 0)).toBe(0);
    expect(bytesAsked('bytes=0-', 0)).toBeUndefined();
  });
});
