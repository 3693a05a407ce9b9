/** A compiled policy: what the files of a policy mean, ready to decide. */
import type { AddressTest } from './address.ts';
import type { Matcher, Seen } from './matchers.ts';
import type { Place } from './problem.ts';

export interface Rule {
  readonly id: string;
  readonly effect: 'allow' | 'deny';
  /** False: reported in `Decision.observed`, and nothing else. */
  readonly enforce: boolean;
  readonly message: string | undefined;
  /** Whether it speaks of this action and repository at all, whoever asks, from wherever. */
  readonly concerns: (seen: Seen) => boolean;
  /** All must hold. */
  readonly matchers: readonly Matcher[];
  /** Where it stands, for explanations. */
  readonly place: Place & { readonly file: string };
}

export interface Host {
  readonly addresses: readonly string[];
  readonly certificate: string | undefined;
  readonly since: string | undefined;
}

export interface Policy {
  /** Sorted by id; their order has no meaning. */
  readonly rules: readonly Rule[];
  readonly hosts: ReadonlyMap<string, Host>;
  /** Tests for the named networks and hosts. */
  readonly places: ReadonlyMap<string, AddressTest>;
  /** Name of the host that has this canonical address. */
  hostOf(address: string): string | undefined;
  /** `sha256:` of the meaning of all files together: neither comments nor the order of lists, rules or files change it. */
  readonly digest: string;
}
