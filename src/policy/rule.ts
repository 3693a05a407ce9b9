/** A compiled rule, as data: what it asks, and where it stands. */
import type { Conditions, RuleConditions } from './conditions.ts';
import type { Place } from './problem.ts';
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
