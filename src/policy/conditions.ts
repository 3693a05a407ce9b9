/**
 * The conditions of a rule as data: what can be weighed, explained, compared and searched. Each key is one fact; a key
 * that is absent asks nothing. Nothing here decides; weigh.ts does.
 */
import type { Range } from './address.ts';
import type { ClientTest } from './client-version.ts';
import type { Action, BuildClaim, SubjectKind } from './facts.ts';
import type { ClaimGlob, RepositoryGlob, TagGlob } from './glob.ts';
import type { RangeSet } from './range-set.ts';
import type { TimeWindow } from './time-window.ts';

/** All keys that are present must hold; of a list, one entry. Names of sets are written out. */
export interface Conditions {
  readonly actions?: ActionSet;
  readonly repositories?: readonly RepositoryGlob[];
  readonly users?: ReadonlySet<string>;
  readonly groups?: ReadonlySet<string>;
  readonly kinds?: ReadonlySet<SubjectKind>;
  readonly methods?: ReadonlySet<string>;
  readonly authenticated?: boolean;
  readonly certificates?: ReadonlySet<string>;
  readonly build?: Build;
  readonly from?: From;
  readonly tags?: Tags;
  readonly time?: readonly TimeWindow[];
  readonly client?: readonly ClientTest[];
}

/** The conditions of a rule itself always say what may be done, and to what. */
export interface RuleConditions extends Conditions {
  readonly actions: ActionSet;
  readonly repositories: readonly RepositoryGlob[];
}

/** In the order in which they are weighed and shown; the cheap and telling ones first. */
export const FACTS = [
  'actions',
  'repositories',
  'users',
  'groups',
  'kinds',
  'methods',
  'authenticated',
  'certificates',
  'build',
  'from',
  'tags',
  'time',
  'client',
] as const satisfies readonly (keyof Conditions)[];
export type Fact = (typeof FACTS)[number];

export interface ActionSet {
  readonly list: readonly Action[];
  /** One bit for each action; see `maskOf`. */
  readonly mask: number;
}

export interface From {
  /** What the file says, in its order, and what each entry stands for. */
  readonly entries: readonly { readonly text: string; readonly ranges: readonly Range[] }[];
  /** All of it. */
  readonly ranges: RangeSet;
}

export interface Tags {
  readonly globs: readonly TagGlob[];
  /**
   * The answer for a request that writes no tag: an allow that is limited to some tags permits it (every tag that it
   * writes is among them), a deny of some tags does not concern it (no tag that it writes is among them). Were it
   * otherwise, nobody with a right to some tags could push an image for several platforms, whose parts go by digest.
   */
  readonly untagged: boolean;
}

/** For each claim that is named the patterns of which one must fit. */
export type Build = ReadonlyMap<BuildClaim, readonly ClaimGlob[]>;
