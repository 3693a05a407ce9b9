/**
 * Addresses and ranges, each with one accepted form.
 *
 * An address is what `node:net` takes for one, without a zone. The inet_aton forms (`010.1.2.3`, `10.1`, `0x0a010203`),
 * which some programs read as another address than others do, are no addresses here.
 */
import { BlockList, isIP, SocketAddress } from 'node:net';
import { WardenError } from '../errors.ts';

/** Longest text of an IPv6 address, with its last part in dotted form. */
const TEXT_LIMIT = 45;

/**
 * The one spelling of an address: IPv4 in dotted form, also for an IPv4 address mapped into IPv6 (`::ffff:10.1.2.3`);
 * IPv6 in lower case and compressed.
 *
 * @returns undefined for everything else: zone ids, ports, brackets, octal and hexadecimal parts, blanks.
 * @see https://www.rfc-editor.org/rfc/rfc5952
 */
export function canonicalAddress(text: string): string | undefined {
  if (text.length > TEXT_LIMIT) return undefined;
  // Dotted form has no other spelling. Asked several times for each request, and most come over IPv4.
  if (dottedNumber(text) !== undefined) return text;
  const parsed = parseAddress(text);
  return parsed && formatAddress(parsed);
}

/** An address as a number, so that ranges can be compared. */
export interface Address {
  readonly family: 4 | 6;
  readonly value: bigint;
}

/** All addresses that share their first `bits` bits. */
export interface Range extends Address {
  readonly bits: number;
}

const WIDTH = { 4: 32, 6: 128 } as const;
const MAPPED = 0xffffn;

/** An address in the form that is quickest to compare: IPv4 as a number, IPv6 as a bigint. */
export type AddressNumber = number | bigint;

export function addressNumber({ family, value }: Address): AddressNumber {
  return family === 4 ? Number(value) : value;
}

/**
 * Number of an IPv4 address in dotted form, without a detour over big numbers; this is read for every decision.
 *
 * @returns undefined for everything else, also for what is an address in another form.
 */
export function dottedNumber(text: string): number | undefined {
  let value = 0;
  let part = 0;
  let digits = 0;
  let dots = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 46) {
      if (digits === 0 || ++dots > 3) return undefined;
      value = value * 256 + part;
      part = 0;
      digits = 0;
    } else {
      const digit = code - 48;
      // `00` and `01` are read as octal by some programs.
      if (digit < 0 || digit > 9 || (digits > 0 && part === 0)) return undefined;
      part = part * 10 + digit;
      if (++digits > 3 || part > 255) return undefined;
    }
  }
  return dots === 3 && digits > 0 ? value * 256 + part : undefined;
}

export function parseAddress(text: string): Address | undefined {
  const dotted = dottedNumber(text);
  if (dotted !== undefined) return { family: 4, value: BigInt(dotted) };
  const family = isIP(text);
  if (family === 0 || text.includes('%')) return undefined;
  if (family === 4) return { family: 4, value: valueOfDotted(text) };
  const value = valueOfGroups(text);
  // RFC 4291 2.5.5.2: an IPv4 peer of a socket that listens on both families shows in this form.
  if (value >> 32n === MAPPED) return { family: 4, value: value & 0xffff_ffffn };
  return { family: 6, value };
}

function valueOfDotted(text: string): bigint {
  return text.split('.').reduce((value, part) => (value << 8n) | BigInt(part), 0n);
}

/** `text` has passed `isIP`, so it has at most one `::` and no more than eight groups. */
function valueOfGroups(text: string): bigint {
  const dotted = /[^:]+\.[^:]+$/.exec(text)?.[0];
  let hex = text;
  if (dotted !== undefined) {
    const value = valueOfDotted(dotted);
    hex = `${text.slice(0, -dotted.length)}${(value >> 16n).toString(16)}:${(value & 0xffffn).toString(16)}`;
  }
  const [head = '', tail] = hex.split('::');
  const front = head === '' ? [] : head.split(':');
  const back = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = Array<string>(8 - front.length - back.length).fill('0');
  return [...front, ...zeros, ...back].reduce((value, group) => (value << 16n) | BigInt(`0x${group}`), 0n);
}

function formatAddress({ family, value }: Address): string {
  if (family === 4) return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 0xffn).join('.');
  const groups = Array.from({ length: 8 }, (_, index) => (value >> BigInt(112 - 16 * index)) & 0xffffn);
  const { start, length } = longestZeros(groups);
  const hex = (part: readonly bigint[]): string => part.map((group) => group.toString(16)).join(':');
  if (length < 2) return hex(groups);
  return `${hex(groups.slice(0, start))}::${hex(groups.slice(start + length))}`;
}

/** The first of the longest runs of zero groups (RFC 5952, 4.2.3). */
function longestZeros(groups: readonly bigint[]): { readonly start: number; readonly length: number } {
  let best = { start: 0, length: 0 };
  let start = 0;
  for (let end = 0; end <= groups.length; end++) {
    if (end < groups.length && groups[end] === 0n) continue;
    if (end - start > best.length) best = { start, length: end - start };
    start = end + 1;
  }
  return best;
}

export type ParsedRange =
  | { readonly ok: true; readonly range: Range }
  | { readonly ok: false; readonly reason: string };

/** True for text that is meant as an address or range, well written or not, rather than as a name. */
export function looksLikeRange(text: string): boolean {
  return /[/:%*]/.test(text) || /^[0-9.]+$/.test(text);
}

/**
 * Reads an address, or a range in CIDR notation. A range must be written with its first address, since in `10.1.2.3/8`
 * nobody can tell whether the address or the length is the mistake.
 *
 * @see https://www.rfc-editor.org/rfc/rfc4632#section-3.1
 */
export function parseRange(text: string): ParsedRange {
  const [addressText = '', bitsText, ...rest] = text.split('/');
  const address = addressText.length <= TEXT_LIMIT ? parseAddress(addressText) : undefined;
  if (!address || rest.length > 0) {
    return { ok: false, reason: `${JSON.stringify(text)} is not an address or a range such as 10.0.0.0/8` };
  }
  const width = WIDTH[address.family];
  if (bitsText === undefined) return { ok: true, range: { ...address, bits: width } };
  if (address.family === 4 && addressText.includes(':')) {
    return {
      ok: false,
      reason: `${JSON.stringify(text)} is an IPv4 range in IPv6 form; write it in dotted form`,
    };
  }
  const bits = /^(?:0|[1-9][0-9]{0,2})$/.test(bitsText) ? Number(bitsText) : Infinity;
  if (bits > width) {
    return {
      ok: false,
      reason: `${JSON.stringify(text)} needs a length between 0 and ${width} behind the slash`,
    };
  }
  const range = { ...address, bits };
  const first = firstAddress(range);
  if (first === address.value) return { ok: true, range };
  const meant = rangeText({ ...range, value: first });
  return { ok: false, reason: `${JSON.stringify(text)} is not the first address of its range; ${meant} is` };
}

function firstAddress({ family, value, bits }: Range): bigint {
  const free = BigInt(WIDTH[family] - bits);
  return (value >> free) << free;
}

/** A range in CIDR notation; a single address without a length. */
export function rangeText(range: Range): string {
  const text = formatAddress(range);
  return range.bits === WIDTH[range.family] ? text : `${text}/${range.bits}`;
}

/** In bits. */
const HOST_NETWORK = 64;

/**
 * What counts as one source. One host has a whole /64 of IPv6 addresses to come from (RFC 6177), so those are one; an
 * IPv4 address, and text that is no address, stands for itself.
 */
export function networkOf(address: string): string {
  // Asked for each request, and most come over IPv4.
  if (!address.includes(':')) return address;
  const parsed = parseAddress(address);
  if (parsed?.family !== 6) return address;
  const range = { ...parsed, bits: HOST_NETWORK };
  return rangeText({ ...range, value: firstAddress(range) });
}

/** True if every address of `inner` is in `outer`. */
export function contains(outer: Range, inner: Range): boolean {
  return (
    outer.family === inner.family &&
    outer.bits <= inner.bits &&
    firstAddress({ ...inner, bits: outer.bits }) === outer.value
  );
}

/**
 * For text that has been checked, or stands in this program.
 *
 * @throws {WardenError} INTERNAL for anything else.
 */
export function requireRange(text: string): Range {
  const parsed = parseRange(text);
  if (parsed.ok) return parsed.range;
  throw new WardenError('INTERNAL', { sentence: `an address was not checked: ${parsed.reason}` });
}

/** Answers whether a canonical address lies in one of some ranges. Text that is not an address lies in none. */
export type AddressTest = (address: string) => boolean;

export function createAddressTest(ranges: readonly Range[]): AddressTest {
  if (ranges.length === 0) return () => false;
  // Two lists, because one list would find the IPv4 addresses in a wide IPv6 range as well.
  const lists = { 4: new BlockList(), 6: new BlockList() };
  for (const range of ranges) {
    lists[range.family].addSubnet(formatAddress(range), range.bits, range.family === 4 ? 'ipv4' : 'ipv6');
  }
  return (address) => {
    const family = isIP(address);
    if (family === 4) return lists[4].check(new SocketAddress({ address, family: 'ipv4' }));
    if (family === 6) return lists[6].check(new SocketAddress({ address, family: 'ipv6' }));
    return false;
  };
}
