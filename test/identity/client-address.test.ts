import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { clientAddress, secureTransport } from '../../src/identity/client-address.ts';
import { createAddressTest, parseRange } from '../../src/policy/address.ts';

const trusted = createAddressTest(
  ['10.0.0.1', '10.0.0.2', '2001:db8:f::/48'].map((text) => {
    const parsed = parseRange(text);
    if (!parsed.ok) throw new Error(parsed.reason);
    return parsed.range;
  }),
);

function ask(peer: string | undefined, forwardedFor?: string) {
  return clientAddress({ peer, forwardedFor, trusted });
}

describe('the address of a client', () => {
  it.each([
    ['a direct client', '10.9.9.9', undefined, '10.9.9.9'],
    ['a direct client that claims to be another', '10.9.9.9', '10.1.2.3', '10.9.9.9'],
    ['a direct client that claims nonsense', '10.9.9.9', '010.1.2.3, [::1]:80, \r\nX: y', '10.9.9.9'],
    ['a peer mapped into IPv6', '::ffff:10.9.9.9', undefined, '10.9.9.9'],
    ['a link-local peer, whose zone is the kernel’s', 'fe80::1%eth0', undefined, 'fe80::1'],
    ['a client behind a listed proxy', '10.0.0.1', '10.1.2.3', '10.1.2.3'],
    ['a listed proxy mapped into IPv6', '::ffff:10.0.0.1', '10.1.2.3', '10.1.2.3'],
    ['a listed proxy by IPv6', '2001:db8:f::7', '10.1.2.3', '10.1.2.3'],
    ['two listed proxies', '10.0.0.1', '10.1.2.3, 10.0.0.2', '10.1.2.3'],
    ['a client that wrote a builder’s address first', '10.0.0.1', '10.1.2.3, 10.9.9.9', '10.9.9.9'],
    ['a client that wrote a listed proxy first', '10.0.0.1', '10.1.2.3, 10.0.0.2, 10.9.9.9', '10.9.9.9'],
    ['two header lines, joined', '10.0.0.1', '10.1.2.3,10.9.9.9', '10.9.9.9'],
    ['capitals and long forms', '10.0.0.1', '2001:DB8:0:0:0:0:0:9', '2001:db8::9'],
    ['a mapped client', '10.0.0.1', '::ffff:10.1.2.3', '10.1.2.3'],
    ['a request of the proxy’s own', '10.0.0.1', undefined, '10.0.0.1'],
    ['a chain of nothing but listed proxies', '10.0.0.1', '10.0.0.2, 10.0.0.1', '10.0.0.2'],
  ])('is found for %s', (_what, peer, header, address) => {
    expect(ask(peer, header)).toMatchObject({ ok: true, address });
  });

  it.each([
    ['empty', ''],
    ['octal', '010.1.2.3'],
    ['short', '10.1'],
    ['hexadecimal', '0x0a010203'],
    ['with a port', '10.1.2.3:80'],
    ['in brackets', '[2001:db8::1]'],
    ['in brackets with a port', '[::1]:80'],
    ['with a zone', 'fe80::1%eth0'],
    ['a name', 'unknown'],
    ['with an empty hop', '10.1.2.3,,10.9.9.9'],
    ['ending in a comma', '10.1.2.3,'],
    ['garbage left of a good hop', 'garbage, 10.9.9.9'],
    ['with line breaks', '10.1.2.3\r\n, 10.9.9.9'],
    ['with a NUL', '10.1.2.3\0'],
    ['of ten kilobytes', '10.1.2.3, '.repeat(1000)],
    ['of more hops than any chain has', Array(33).fill('10.1.2.3').join(',')],
  ])('is malformed behind a listed proxy when the header is %s', (_what, header) => {
    expect(ask('10.0.0.1', header)).toEqual({ ok: false, reason: expect.any(String) });
  });

  it('is malformed when the socket has none', () => {
    expect(ask(undefined)).toMatchObject({ ok: false });
    expect(ask('/var/run/socket')).toMatchObject({ ok: false });
  });

  it('comes with the peer and the chain, in one form', () => {
    expect(ask('::ffff:10.0.0.1', '10.1.2.3 ,\t::FFFF:10.0.0.2')).toEqual({
      ok: true,
      address: '10.1.2.3',
      peer: '10.0.0.1',
      forwarded: ['10.1.2.3', '10.0.0.2'],
      viaProxy: true,
    });
    expect(ask('10.9.9.9', '10.1.2.3')).toEqual({
      ok: true,
      address: '10.9.9.9',
      peer: '10.9.9.9',
      forwarded: [],
      viaProxy: false,
    });
  });

  it('is never what an unlisted peer writes, whatever that is', () => {
    fc.assert(
      fc.property(fc.string(), (header) => {
        expect(ask('10.9.9.9', header)).toMatchObject({ ok: true, address: '10.9.9.9', viaProxy: false });
      }),
    );
  });

  it('is the same whatever a client writes to the left of what the proxy adds', () => {
    const address = fc.oneof(fc.ipV4(), fc.ipV6());
    fc.assert(
      fc.property(fc.array(address, { maxLength: 20 }), (claimed) => {
        expect(ask('10.0.0.1', [...claimed, '10.9.9.9'].join(', '))).toMatchObject({ address: '10.9.9.9' });
      }),
    );
  });
});

describe('a transport for credentials', () => {
  it.each([
    ['TLS', { encrypted: true, viaProxy: false, address: '10.9.9.9' }, true],
    ['plain text', { encrypted: false, viaProxy: false, address: '10.9.9.9' }, false],
    ['loopback', { encrypted: false, viaProxy: false, address: '127.0.0.5' }, true],
    ['loopback by IPv6', { encrypted: false, viaProxy: false, address: '::1' }, true],
    [
      'an address that only looks like loopback',
      { encrypted: false, viaProxy: false, address: '127::1' },
      false,
    ],
    [
      'https to a listed proxy',
      { encrypted: false, viaProxy: true, proto: 'https', address: '10.9.9.9' },
      true,
    ],
    ['https in capitals', { encrypted: false, viaProxy: true, proto: 'HTTPS', address: '10.9.9.9' }, true],
    [
      'http to a listed proxy',
      { encrypted: false, viaProxy: true, proto: 'http', address: '10.9.9.9' },
      false,
    ],
    [
      'http to a listed proxy that then speaks TLS',
      { encrypted: true, viaProxy: true, proto: 'http', address: '10.9.9.9' },
      false,
    ],
    ['a listed proxy that says nothing', { encrypted: true, viaProxy: true, address: '10.9.9.9' }, false],
    [
      'a word of the client’s before the proxy’s',
      { encrypted: false, viaProxy: true, proto: 'https, http', address: '10.9.9.9' },
      false,
    ],
    [
      'https on every hop',
      { encrypted: false, viaProxy: true, proto: 'https,https', address: '10.9.9.9' },
      true,
    ],
    [
      'a client that claims https without a proxy',
      { encrypted: false, viaProxy: false, proto: 'https', address: '10.9.9.9' },
      false,
    ],
    [
      'loopback of a proxy’s host',
      { encrypted: false, viaProxy: true, proto: 'http', address: '127.0.0.1' },
      false,
    ],
  ] as const)('is judged: %s', (_what, transport, secure) => {
    const forwardedProto = 'proto' in transport ? transport.proto : undefined;
    expect(secureTransport({ ...transport, forwardedProto })).toBe(secure);
  });
});
