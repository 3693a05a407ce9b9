/** Finds what was put under the ranges that hold an address: one look for each length of range that occurs. */
import { type AddressNumber, addressNumber, type Range } from './address.ts';

export interface AddressMap {
  add(range: Range, entry: number): void;
  /** Adds the lists of all ranges that hold the address. */
  collect(address: AddressNumber, lists: (readonly number[])[]): void;
  /** Every entry, once, if entries were added in ascending order. */
  readonly all: readonly number[];
  /** All lists that `collect` can give, and `all`. */
  lists(): Iterable<readonly number[]>;
}

export function createAddressMap(): AddressMap {
  /** By length, each with the ranges of that length by their number. */
  const v4 = new Map<number, Map<number, number[]>>();
  const v6 = new Map<number, Map<bigint, number[]>>();
  const all: number[] = [];
  return {
    all,
    *lists() {
      yield all;
      for (const ranges of [...v4.values(), ...v6.values()]) yield* ranges.values();
    },
    add(range, entry) {
      const number = addressNumber(range);
      if (typeof number === 'number') put(v4, range.bits, shift4(number, range.bits), entry);
      else put(v6, range.bits, shift6(number, range.bits), entry);
      if (all.at(-1) !== entry) all.push(entry);
    },
    collect(address, lists) {
      if (typeof address === 'number') {
        for (const [bits, ranges] of v4) take(ranges.get(shift4(address, bits)), lists);
      } else {
        for (const [bits, ranges] of v6) take(ranges.get(shift6(address, bits)), lists);
      }
    },
  };
}

/** The first `bits` bits. Not by `>>>`, which does nothing for 32. */
function shift4(number: number, bits: number): number {
  return Math.floor(number / 2 ** (32 - bits));
}

function shift6(number: bigint, bits: number): bigint {
  return number >> BigInt(128 - bits);
}

function put<K>(lengths: Map<number, Map<K, number[]>>, bits: number, key: K, entry: number): void {
  let ranges = lengths.get(bits);
  if (ranges === undefined) {
    ranges = new Map();
    lengths.set(bits, ranges);
  }
  const list = ranges.get(key);
  if (list === undefined) ranges.set(key, [entry]);
  else if (list.at(-1) !== entry) list.push(entry);
}

function take(list: readonly number[] | undefined, lists: (readonly number[])[]): void {
  if (list !== undefined) lists.push(list);
}
