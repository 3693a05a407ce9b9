/** Finds the ranges that a list of networks, hosts, addresses and ranges stands for. */
import { looksLikeRange, parseRange, requireRange } from './address.ts';
import { parseNamePattern } from './certificate-name.ts';
import type { From } from './conditions.ts';
import { didYouMean } from './did-you-mean.ts';
import { certificateNamed } from './from-entry.ts';
import type { Content } from './merge.ts';
import { createNesting, type Entry, SUGGESTED } from './nesting.ts';
import { EVERYWHERE, type Place, placeSet } from './place-set.ts';
import type { Path, Problem } from './problem.ts';
import type { HostContent } from './schema.ts';
import type { Stated } from './stated.ts';

export interface Networks {
  /** Names of all networks and hosts. */
  names(): Iterable<string>;
  /** Places of a network or host; empty for a name that is neither, or that had a problem. */
  placesOf(name: string): readonly Place[];
  /** What a list inside `stated` stands for; what cannot be found is a problem there. */
  fromOf(list: readonly string[], stated: Stated<unknown>, inside: Path): From;
}

export function createNetworks({ hosts, networks }: Content, problems: Problem[]): Networks {
  const known = [...hosts.keys(), ...networks.keys()];
  const froms = new Map<string, From>();
  const ofHosts = new Map<string, readonly Place[]>();
  for (const [name, { value }] of hosts) ofHosts.set(name, placesOfHost(value));
  const nesting = createNesting({ definitions: networks, read, noun: 'network' }, problems);
  const placesOf = (name: string): readonly Place[] => ofHosts.get(name) ?? nesting.valuesOf(name);
  return {
    names: () => known,
    placesOf,
    fromOf(list, stated, inside) {
      // Most rules name the same few places.
      const key = list.join('\n');
      const before = froms.get(key);
      if (before !== undefined) return before;
      const count = problems.length;
      const entries = list.map((text, index) => ({
        text,
        ranges: nesting.valuesOfEntry(text, stated, [...inside, index]),
      }));
      const from = Object.freeze({ entries, places: placeSet(entries.flatMap(({ ranges }) => ranges)) });
      // What has a problem has it again at the next place.
      if (problems.length === count) froms.set(key, from);
      return from;
    },
  };

  function read(text: string): Entry<Place> {
    const certificate = certificateNamed(text);
    if (certificate !== undefined) {
      const parsed = parseNamePattern(certificate);
      return parsed.ok ? { values: withCertificate(EVERYWHERE, certificate) } : parsed;
    }
    const ofHost = ofHosts.get(text);
    if (ofHost) return { values: ofHost };
    if (networks.has(text)) return { name: text };
    if (!looksLikeRange(text)) {
      const near = problems.length < SUGGESTED ? didYouMean(text, known) : '';
      return { reason: `${JSON.stringify(text)} is neither a network nor a host${near}` };
    }
    const parsed = parseRange(text);
    return parsed.ok ? { values: [parsed.range] } : { reason: parsed.reason };
  }
}

/** Where addresses and a certificate are given, both are asked for. */
function placesOfHost({ addresses, certificate }: HostContent): readonly Place[] {
  const ranges = addresses?.map(requireRange) ?? EVERYWHERE;
  return certificate === undefined ? ranges : withCertificate(ranges, certificate);
}

function withCertificate(ranges: readonly Place[], certificate: string): readonly Place[] {
  return ranges.map((range) => ({ ...range, certificate }));
}
