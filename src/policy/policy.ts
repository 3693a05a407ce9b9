/** A compiled policy: what the files of a policy mean, ready to decide, to be explained and to be compared. */
import type { HostOf } from './host-of.ts';
import type { FindNearest } from './nearest-rule.ts';
import type { PlaceSet } from './place-set.ts';
import type { Rule } from './rule.ts';
import type { RuleIndex } from './rule-index.ts';

export interface Host {
  /** Undefined for a host that is known by its certificate alone. */
  readonly addresses: readonly string[] | undefined;
  readonly certificate: string | undefined;
  readonly since: string | undefined;
}

export interface Policy {
  /** Sorted by id; their order has no meaning. */
  readonly rules: readonly Rule[];
  /** Finds the few rules that may be about a question. */
  readonly index: RuleIndex;
  /** The allow rule that comes nearest to a question which no rule allows. */
  readonly findNearest: FindNearest;
  readonly hosts: ReadonlyMap<string, Host>;
  /** Of the named networks and hosts. */
  readonly places: ReadonlyMap<string, PlaceSet>;
  readonly hostOf: HostOf;
  /** `sha256:` of the meaning of all files together: neither comments nor the order of lists, rules or files change it. */
  readonly digest: string;
}
