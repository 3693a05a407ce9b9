import { describe, expect, it } from '@jest/globals';
import { createShares } from '../../src/http/share-of-address.ts';

describe('the share of an address', () => {
  it('is taken when so many of its requests are under way, and others have theirs', () => {
    const shares = createShares(2);
    expect(['a', 'a', 'a', 'b'].map(shares.enter)).toEqual([true, true, false, true]);
  });

  it('is free again for each request that ended, and only for it', () => {
    const shares = createShares(2);
    for (const address of ['a', 'a', 'a']) shares.enter(address);
    shares.leave('a');
    expect([shares.enter('a'), shares.enter('a')]).toEqual([true, false]);
    shares.leave('a');
    shares.leave('a');
    expect(['a', 'a', 'a'].map(shares.enter)).toEqual([true, true, false]);
  });
});
