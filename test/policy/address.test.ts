import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import ipaddr from 'ipaddr.js';
import {
  canonicalAddress,
  contains,
  createAddressTest,
  networkOf,
  parseRange,
  rangeText,
  requireRange,
} from '../../src/policy/address.ts';

describe('the one spelling of an address', () => {
  it.each([
    ['10.1.2.3', '10.1.2.3'],
    ['0.0.0.0', '0.0.0.0'],
    ['::ffff:10.1.2.3', '10.1.2.3'],
    ['::FFFF:0a01:0203', '10.1.2.3'],
    ['0:0:0:0:0:ffff:10.1.2.3', '10.1.2.3'],
    ['::1', '::1'],
    ['::', '::'],
    ['0:0:0:0:0:0:0:1', '::1'],
    ['2001:DB8::A', '2001:db8::a'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['2001:0db8:0000:0000:0000:0000:0000:0001', '2001:db8::1'],
    ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
    ['64:ff9b::10.1.2.3', '64:ff9b::a01:203'],
    ['::10.1.2.3', '::a01:203'],
  ])('%s is %s', (text, canonical) => {
    expect(canonicalAddress(text)).toBe(canonical);
  });

  it.each([
    'fe80::1%eth0',
    'fe80::1%1',
    '010.1.2.3',
    '10.1.2.03',
    '10.1.2',
    '0x0a.1.2.3',
    '0x0a010203',
    '167838211',
    '[::1]:80',
    '[::1]',
    '10.1.2.3:80',
    ' 10.1.2.3',
    '10.1.2.3\n',
    '10.1.2.3\0',
    '10.1.2.3/32',
    '256.1.1.1',
    '１０.1.2.3',
    '',
    'localhost',
    '::ffff:010.1.2.3',
    `10.1.2.3${' '.repeat(10_000)}`,
  ])('%j is no address', (text) => {
    expect(canonicalAddress(text)).toBeUndefined();
  });

  it('agrees with another library on every IPv6 address, and is its own canonical form', () => {
    const group = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff }));
    fc.assert(
      fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), (groups) => {
        const text = groups.map((value) => value.toString(16).padStart(4, '0')).join(':');
        const parsed = ipaddr.IPv6.parse(text);
        const wanted = parsed.isIPv4MappedAddress()
          ? parsed.toIPv4Address().toString()
          : parsed.toRFC5952String();
        const canonical = canonicalAddress(text);
        expect(canonical).toBe(wanted);
        expect(canonicalAddress(canonical ?? '')).toBe(canonical);
      }),
    );
  });

  it('never throws, whatever the text', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }),
        (text) => canonicalAddress(text) === undefined || text !== '',
      ),
    );
  });
});

describe('ranges', () => {
  it.each([
    ['10.0.0.0/8', '10.0.0.0/8'],
    ['0.0.0.0/0', '0.0.0.0/0'],
    ['10.1.2.3/32', '10.1.2.3'],
    ['10.1.2.3', '10.1.2.3'],
    ['::ffff:10.1.2.3', '10.1.2.3'],
    ['FC00::/7', 'fc00::/7'],
    ['::/0', '::/0'],
  ])('%s is %s', (text, wanted) => {
    expect(rangeText(requireRange(text))).toBe(wanted);
  });

  it.each([
    ['10.1.2.3/8', 'first address'],
    ['2001:db8::1/64', 'first address'],
    ['10.0.0.0/33', 'length between 0 and 32'],
    ['::/129', 'length between 0 and 128'],
    ['10.0.0.0/08', 'length'],
    ['10.0.0.0/', 'length'],
    ['10.0.0.0/-1', 'length'],
    ['10.0.0.0/8/8', 'not an address'],
    ['10.0.0.0/255.0.0.0', 'length'],
    ['010.0.0.0/8', 'not an address'],
    ['::ffff:10.0.0.0/104', 'dotted form'],
    ['fe80::%eth0/10', 'not an address'],
    ['*', 'not an address'],
  ])('%s is refused: %s', (text, part) => {
    expect(parseRange(text)).toEqual({ ok: false, reason: expect.stringContaining(part) });
  });

  const address4 = fc.ipV4();
  const address6 = fc.ipV6().filter((text) => canonicalAddress(text)?.includes(':') === true);

  it.each([
    ['IPv4', address4, 32, 4],
    ['IPv6', address6, 128, 6],
  ] as const)('test membership as another library does: %s', (_name, arbitrary, width, family) => {
    fc.assert(
      fc.property(
        arbitrary,
        fc.integer({ min: 0, max: width }),
        arbitrary,
        fc.boolean(),
        (base, bits, other, near) => {
          const range = { ...firstOf(base, bits, width), family, bits } as const;
          const asked = canonicalAddress(near ? base : other) ?? '';
          const wanted = ipaddr.parse(asked).match(ipaddr.parse(canonicalAddress(base) ?? ''), bits);
          expect(createAddressTest([range])(asked)).toBe(wanted);
          expect(contains(range, requireRange(asked))).toBe(wanted);
          expect(wanted || !near).toBe(true);
        },
      ),
    );
  });

  function firstOf(base: string, bits: number, width: number) {
    const { value } = requireRange(canonicalAddress(base) ?? '');
    const free = BigInt(width - bits);
    return { value: (value >> free) << free };
  }

  it('do not mix the families', () => {
    const everyIPv6 = createAddressTest([requireRange('::/0')]);
    const everyIPv4 = createAddressTest([requireRange('0.0.0.0/0')]);
    expect([everyIPv6('10.1.2.3'), everyIPv6('::1'), everyIPv4('10.1.2.3'), everyIPv4('::1')]).toEqual([
      false,
      true,
      true,
      false,
    ]);
  });

  it('hold nothing that is no address', () => {
    const everything = createAddressTest([requireRange('::/0'), requireRange('0.0.0.0/0')]);
    expect(['', 'x', '010.1.2.3', '10.1'].map(everything)).toEqual([false, false, false, false]);
  });
});

describe('the network that counts as one source', () => {
  it.each([
    ['10.1.2.3', '10.1.2.3'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::', '2001:db8:1:2::/64'],
    ['2001:db8:1:3::1', '2001:db8:1:3::/64'],
    ['::1', '::/64'],
    ['fe80::1:2:3:4', 'fe80::/64'],
    ['', ''],
  ])('of %j is %j', (address, network) => {
    expect(networkOf(address)).toBe(network);
  });
});
