/** Places: addresses, and what the connection must have proven besides. */
import { type AddressNumber, type Range, rangeText, requireRange } from './address.ts';
import { matchesName } from './certificate-name.ts';
import { UNKNOWN, type Unknown } from './facts.ts';
import { apart, hasAddress, holdsAll, type RangeSet, rangeSet } from './range-set.ts';
import type { Truth } from './truth.ts';

/** Addresses; with a certificate, these only where the connection has shown one whose name the pattern fits. */
export interface Place extends Range {
  readonly certificate?: string;
}

export interface PlaceSet {
  /** Where the address is enough. */
  readonly plain: RangeSet;
  /** By pattern of the certificate. */
  readonly certified: ReadonlyMap<string, RangeSet>;
}

/** All addresses. */
export const EVERYWHERE: readonly Range[] = [requireRange('0.0.0.0/0'), requireRange('::/0')];

export function placeSet(places: readonly Place[]): PlaceSet {
  const plain: Range[] = [];
  const certified = new Map<string, Range[]>();
  for (const place of places) {
    if (place.certificate === undefined) plain.push(place);
    else {
      const list = certified.get(place.certificate) ?? [];
      list.push(place);
      certified.set(place.certificate, list);
    }
  }
  return Object.freeze({
    plain: rangeSet(plain),
    certified: new Map([...certified].map(([pattern, ranges]) => [pattern, rangeSet(ranges)])),
  });
}

/** Whether one is in a place of the set. */
export function isAt(
  { plain, certified }: PlaceSet,
  address: AddressNumber | Unknown,
  certificates: readonly string[] | Unknown,
): Truth {
  if (address === UNKNOWN) return UNKNOWN;
  if (hasAddress(plain, address)) return true;
  let result: Truth = false;
  for (const [pattern, ranges] of certified) {
    if (!hasAddress(ranges, address)) continue;
    if (certificates === UNKNOWN) result = UNKNOWN;
    else if (certificates.some((name) => matchesName(pattern, name))) return true;
  }
  return result;
}

/** True if whoever is in `inner` is in `outer`. "False" only says that no proof was found. */
export function placesCover(outer: PlaceSet, inner: PlaceSet): boolean {
  return (
    holdsAll(outer.plain, inner.plain) &&
    [...inner.certified].every(
      ([pattern, ranges]) =>
        holdsAll(outer.plain, ranges) ||
        [...outer.certified].some(([wide, wider]) => matchesName(wide, pattern) && holdsAll(wider, ranges)),
    )
  );
}

/** True if nobody is in both. A certificate can have several names, so none of them excludes another. */
export function placesApart(a: PlaceSet, b: PlaceSet): boolean {
  const [ofA, ofB] = [a, b].map(({ plain, certified }) => [plain, ...certified.values()]);
  return ofA?.every((one) => ofB?.every((other) => apart(one, other))) ?? true;
}

/** One text for each meaning. */
export function keyOfPlaces({ plain, certified }: PlaceSet): string {
  const named = [...certified].map(([pattern, ranges]) => `${pattern}@${keyOfRanges(ranges)}`);
  return [keyOfRanges(plain), ...named.sort()].join('|');
}

function keyOfRanges({ v4, v6 }: RangeSet): string {
  return [v4, v6].map(({ starts, ends }) => `${starts.join()}-${ends.join()}`).join(';');
}

/** `10.1.2.12`, or `10.1.2.12 with the certificate of jenkins-02.corp`. */
export function placeText(place: Place): string {
  const { certificate } = place;
  return certificate === undefined
    ? rangeText(place)
    : `${rangeText(place)} with the certificate of ${certificate}`;
}
