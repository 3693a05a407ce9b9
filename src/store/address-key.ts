/**
 * Addresses and networks as 16 bytes in network order, so that an ordered index finds a network as a range.
 * IPv4 stands in its mapped place (::ffff:0:0/96, RFC 4291 §2.5.5.2), so that both forms of one address are one key.
 */
import { isIP } from 'node:net';

/** @returns undefined for what is no address; zone ids, ports and octal-looking parts are none. */
export function addressKey(text: string): Uint8Array | undefined {
  const kind = isIP(text);
  if (kind === 0 || text.includes('%')) return undefined;
  if (kind === 4) return Uint8Array.from([...MAPPED, ...text.split('.').map(Number)]);
  const [left = '', right] = withHexTail(text).split('::');
  const head = groups(left);
  const tail = groups(right ?? '');
  const middle = right === undefined ? [] : new Array<number>(8 - head.length - tail.length).fill(0);
  return Uint8Array.from([...head, ...middle, ...tail].flatMap((group) => [group >> 8, group & 255]));
}

export interface AddressRange {
  readonly low: Uint8Array;
  readonly high: Uint8Array;
}

/** The first and the last address of `10.0.0.0/8`, `2001:db8::/32`, or of a single address. Host bits may be set. */
export function networkRange(text: string): AddressRange | undefined {
  const [address = '', length, ...rest] = text.split('/');
  const key = addressKey(address);
  if (!key || rest.length > 0) return undefined;
  const size = isIP(address) === 4 ? 32 : 128;
  if (length !== undefined && (!/^(?:0|[1-9]\d{0,2})$/.test(length) || Number(length) > size))
    return undefined;
  const fixed = 128 - size + Number(length ?? size);
  const mask = key.map((_, at) => 255 - (255 >> Math.min(8, Math.max(0, fixed - at * 8))));
  return {
    low: key.map((byte, at) => byte & (mask[at] ?? 0)),
    high: key.map((byte, at) => byte | (255 - (mask[at] ?? 0))),
  };
}

const MAPPED = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255];

/** `::ffff:10.1.2.3` -> `::ffff:a01:203`. */
function withHexTail(text: string): string {
  const dotted = /(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(text);
  if (!dotted) return text;
  const [a = 0, b = 0, c = 0, d = 0] = dotted.slice(1).map(Number);
  return `${text.slice(0, dotted.index)}${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
}

function groups(text: string): number[] {
  return text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
}
