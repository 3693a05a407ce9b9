/** Where a session may be used: anywhere, or near the place where it was begun. Pure. */
import { type Address, parseAddress } from '../policy/address.ts';

/** How many leading bits of two addresses must be equal. */
export interface BoundBits {
  readonly ipv4Bits: number;
  readonly ipv6Bits: number;
}

/** @returns whether a session that was begun at one address may be used at the other. Both canonical. */
export type SessionBinding = (begun: string, used: string) => boolean;

/** @param bits undefined: sessions are bound to no place. */
export function bindSessions(bits: BoundBits | undefined): SessionBinding {
  if (bits === undefined) return () => true;
  const { ipv4Bits, ipv6Bits } = bits;
  const network = ({ family, value }: Address): bigint =>
    value >> BigInt(family === 4 ? 32 - ipv4Bits : 128 - ipv6Bits);
  return (begun, used) => {
    const [from, at] = [parseAddress(begun), parseAddress(used)];
    if (from === undefined || at === undefined) return false;
    return from.family === at.family && network(from) === network(at);
  };
}
