import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { addressNumber, dottedNumber, parseAddress, requireRange } from '../../src/policy/address.ts';
import { apart, hasAddress, holdsAll, rangeSet } from '../../src/policy/range-set.ts';

const setOf = (...texts: readonly string[]) => rangeSet(texts.map(requireRange));

describe('a set of ranges', () => {
  it.each([
    [['10.0.0.0/8'], ['10.1.0.0/16', '10.2.3.4'], true],
    [['10.0.0.0/8'], ['10.0.0.0/8', '11.0.0.0'], false],
    [['10.0.0.0/9', '10.128.0.0/9'], ['10.0.0.0/8'], true],
    [['10.0.0.0/9', '10.128.0.1'], ['10.0.0.0/8'], false],
    [['0.0.0.0/0'], ['255.255.255.255', '0.0.0.0'], true],
    [['0.0.0.0/0'], ['::1'], false],
    [['::/0'], ['10.0.0.1'], false],
    [['2001:db8::/33', '2001:db8:8000::/33'], ['2001:db8::/32'], true],
    [[], ['10.0.0.1'], false],
    [['10.0.0.1'], [], true],
  ])('%j holds all of %j: %s', (outer, inner, wanted) => {
    expect(holdsAll(setOf(...outer), setOf(...inner))).toBe(wanted);
  });

  const small = fc.array(
    fc.tuple(fc.integer({ min: 0, max: 15 }), fc.integer({ min: 28, max: 32 })).map(([last, bits]) => {
      const size = 2 ** (32 - bits);
      return `10.0.0.${Math.floor(last / size) * size}/${bits}`;
    }),
    { maxLength: 4 },
  );

  it('compares as its addresses one by one', () => {
    const tally = { holds: 0, apart: 0 };
    fc.assert(
      fc.property(small, small, (a, b) => {
        const addresses = Array.from({ length: 16 }, (_, last) => dottedNumber(`10.0.0.${last}`) ?? 0);
        const [first, second] = [setOf(...a), setOf(...b)];
        const within = (set: typeof first) => addresses.filter((address) => hasAddress(set, address));
        const [inFirst, inSecond] = [within(first), within(second)];
        const holds = inSecond.every((address) => inFirst.includes(address));
        const disjoint = !inSecond.some((address) => inFirst.includes(address));
        if (holds) tally.holds++;
        if (disjoint) tally.apart++;
        expect([holdsAll(first, second), apart(first, second)]).toEqual([holds, disjoint]);
      }),
      { numRuns: 500 },
    );
    expect(Math.min(tally.holds, tally.apart)).toBeGreaterThan(50);
  });
});

describe('an IPv4 address read in haste', () => {
  it('is what the careful reading makes of it, and nothing else is one', () => {
    const part = fc.oneof(
      fc.integer({ min: 0, max: 300 }).map(String),
      fc.constantFrom('', '01', '00', 'x', '1e1', ' 1'),
    );
    fc.assert(
      fc.property(fc.array(part, { minLength: 3, maxLength: 5 }), (parts) => {
        const text = parts.join('.');
        const careful = parseAddress(`::ffff:${text}`);
        expect([text, dottedNumber(text)]).toEqual([text, careful && addressNumber(careful)]);
      }),
      { numRuns: 2000 },
    );
  });
});
