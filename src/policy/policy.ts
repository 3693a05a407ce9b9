/** A compiled policy: what the files of a policy mean, ready to decide, to be explained and to be compared. */
import type { FindNearest } from './nearest-rule.ts';
import type { RangeSet } from './range-set.ts';
import type { Rule } from './rule.ts';
import type { RuleIndex } from './rule-index.ts';

export interface Host {
  readonly addresses: readonly string[];
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
  /** The addresses of the named networks and hosts. */
  readonly places: ReadonlyMap<string, RangeSet>;
  /** Name of the host that has this canonical address. */
  hostOf(address: string): string | undefined;
  /** `sha256:` of the meaning of all files together: neither comments nor the order of lists, rules or files change it. */
  readonly digest: string;
}
