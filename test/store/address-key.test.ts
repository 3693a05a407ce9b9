import { describe, expect, it } from '@jest/globals';
import { parseAddress, parseRange } from '../../src/policy/address.ts';
import { addressKey, addressKeyRange } from '../../src/store/address-key.ts';

function lies(address: string, network: string): boolean {
  const number = parseAddress(address);
  const range = parseRange(network);
  if (!number || !range.ok) throw new Error('a case that cannot be read');
  const key = addressKey(number);
  const { low, high } = addressKeyRange(range.range);
  return Buffer.compare(low, key) <= 0 && Buffer.compare(key, high) <= 0;
}

describe('a network as a range of keys', () => {
  it.each([
    ['10.0.0.0', '10.0.0.0/8', true],
    ['10.255.255.255', '10.0.0.0/8', true],
    ['11.0.0.0', '10.0.0.0/8', false],
    ['9.255.255.255', '10.0.0.0/8', false],
    ['10.1.2.3', '10.1.2.3', true],
    ['10.1.2.4', '10.1.2.3/32', false],
    ['1.2.3.4', '0.0.0.0/0', true],
    ['::ffff:10.1.2.3', '10.0.0.0/8', true],
    ['10.1.2.3', '::/0', false],
    ['2001:db8::1', '::/0', true],
    ['2001:db8:0:0:ffff::', '2001:db8::/64', true],
    ['2001:db8:0:1::', '2001:db8::/64', false],
    ['::1', '0.0.0.0/0', false],
  ])('%s in %s is %s', (address, network, expected) => {
    expect(lies(address, network)).toBe(expected);
  });
});
