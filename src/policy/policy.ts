/** A compiled policy: what the files of a policy mean, ready to decide, to be explained and to be compared. */
import type { Conditions, RuleConditions } from './conditions.ts';
import type { FindNearest } from './nearest-rule.ts';
import type { Place } from './problem.ts';
import type { RangeSet } from './range-set.ts';
import type { RuleIndex } from './rule-index.ts';
import type { RuleContent } from './schema.ts';

export interface Rule {
  readonly id: string;
  readonly effect: 'allow' | 'deny';
  /** False: reported in `Decision.observed`, and nothing else. */
  readonly enforce: boolean;
  readonly message: string | undefined;
  /** All must hold. */
  readonly when: RuleConditions;
  /** The rule does not apply where all conditions of one of these hold. */
  readonly unless: readonly Conditions[];
  /** The token must be used from the address that fetched it. Only of an allow. */
  readonly bind: boolean;
  /** Where it stands, for explanations. */
  readonly place: Place & { readonly file: string };
  /** What the file says, with the names of sets and networks. */
  readonly written: RuleContent;
}

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
