/**
 * Whose request this is, as an address. Pure.
 *
 * The header X-Forwarded-For is written by whoever sends it, so it is believed from listed peers only, and from the
 * right: the last entry was added by the peer itself, the one before by the proxy which that entry names, and so on.
 * The first hop that is not a listed proxy is the client; all to its left is what the client says of itself.
 */
import { isIP } from 'node:net';
import { type AddressTest, canonicalAddress } from '../policy/address.ts';

/** Longer than any real chain; a longer one is refused before it is read. */
const FORWARDED_LENGTH = 2048;
const FORWARDED_HOPS = 32;

export interface Connection {
  /** As the socket has it; undefined when the socket is closed already. */
  readonly peer: string | undefined;
  /** The value of X-Forwarded-For; several lines joined by commas, in order. */
  readonly forwardedFor: string | undefined;
  /** Whether an address is one of a listed proxy. */
  readonly trusted: AddressTest;
}

export interface ClientAddress {
  readonly ok: true;
  /** Of the client: what rules match and records name. */
  readonly address: string;
  /** Of the socket. Equal to `address` where no proxy stands between. */
  readonly peer: string;
  /** The whole chain as a listed proxy gave it, left to right; empty when the header was absent or not believed. */
  readonly forwarded: readonly string[];
  /** True when a listed proxy passed the request on. */
  readonly viaProxy: boolean;
}

/** A request whose origin cannot be told: answered with 400. */
export interface MalformedAddress {
  readonly ok: false;
  readonly reason: string;
}

/** All addresses in the answer are canonical. A header from a peer that is not listed has no effect at all. */
export function clientAddress(connection: Connection): ClientAddress | MalformedAddress {
  // The kernel names the interface of a link-local peer (fe80::1%eth0); nobody else may.
  const peer = canonicalAddress((connection.peer ?? '').replace(/%.*$/, ''));
  if (peer === undefined) return { ok: false, reason: 'the connection has no address' };
  const { forwardedFor, trusted } = connection;
  if (forwardedFor === undefined || !trusted(peer)) {
    return { ok: true, address: peer, peer, forwarded: [], viaProxy: false };
  }
  const forwarded = forwardedFor.length > FORWARDED_LENGTH ? undefined : parseChain(forwardedFor);
  if (!forwarded) return { ok: false, reason: 'X-Forwarded-For is not a list of addresses' };
  const [first] = forwarded;
  const address = forwarded.findLast((hop) => !trusted(hop)) ?? first ?? peer;
  return { ok: true, address, peer, forwarded, viaProxy: true };
}

function parseChain(text: string): readonly string[] | undefined {
  const hops = text.split(',');
  if (hops.length > FORWARDED_HOPS) return undefined;
  const chain: string[] = [];
  for (const hop of hops) {
    // RFC 9110 section 5.6.1: optional blanks and tabs around the elements of a list.
    const address = canonicalAddress(hop.replace(/^[ \t]+|[ \t]+$/g, ''));
    if (address === undefined) return undefined;
    chain.push(address);
  }
  return chain;
}

export interface Transport {
  /** Whether the socket is TLS. */
  readonly encrypted: boolean;
  readonly viaProxy: boolean;
  /** The value of X-Forwarded-Proto; believed only where `viaProxy`. Several values: one for each hop. */
  readonly forwardedProto: string | undefined;
  /** The client's, canonical. */
  readonly address: string;
}

/**
 * Whether credentials may travel this way: over TLS, from loopback, or through a listed proxy that says the client
 * came over https. Behind a proxy our own socket says nothing of the client's, so there only the proxy's word counts,
 * and of several words each must be https.
 */
export function secureTransport({ encrypted, viaProxy, forwardedProto, address }: Transport): boolean {
  if (!viaProxy) return encrypted || isLoopback(address);
  return (forwardedProto ?? '').split(',').every((word) => word.trim().toLowerCase() === 'https');
}

/** 127.0.0.0/8 (RFC 1122) and ::1 (RFC 4291); the address is canonical. */
function isLoopback(address: string): boolean {
  return address === '::1' || (isIP(address) === 4 && address.startsWith('127.'));
}
