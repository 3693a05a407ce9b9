/**
 * Addresses as bytes in the order of their numbers, so that an ordered index finds a network as one range.
 * The family stands first: no network of one holds an address of the other.
 */

/** As policy/address.ts reads them: IPv4 also for an IPv4 address mapped into IPv6. */
export interface AddressNumber {
  readonly family: 4 | 6;
  readonly value: bigint;
}

export function addressKey({ family, value }: AddressNumber): Uint8Array {
  const key = Buffer.alloc(17);
  key.writeUInt8(family);
  key.writeBigUInt64BE(value >> 64n, 1);
  key.writeBigUInt64BE(value & 0xffff_ffff_ffff_ffffn, 9);
  return key;
}

/** The keys of the first and the last address that share the first `bits` bits. */
export function addressKeyRange({ family, value, bits }: AddressNumber & { readonly bits: number }): {
  readonly low: Uint8Array;
  readonly high: Uint8Array;
} {
  const free = BigInt((family === 4 ? 32 : 128) - bits);
  const first = (value >> free) << free;
  return {
    low: addressKey({ family, value: first }),
    high: addressKey({ family, value: first | ((1n << free) - 1n) }),
  };
}
