/**
 * The conditions of a rule as data: what can be weighed, explained, compared and searched. Each key is one fact; a key
 * that is absent or undefined asks nothing. Nothing here decides; weigh.ts does.
 */
import type { ClientTest } from './client-version.ts';
import type { Action, BuildClaim, SubjectKind } from './facts.ts';
import type { ClaimGlob, RepositoryGlob, TagGlob } from './glob.ts';
import type { Place, PlaceSet } from './place-set.ts';
import type { TimeWindow } from './time-window.ts';

/** All keys that are present must hold; of a list, one entry. Names of sets are written out. */
export interface Conditions {
  readonly actions?: ActionSet | undefined;
  readonly repositories?: readonly RepositoryGlob[] | undefined;
  readonly users?: ReadonlySet<string> | undefined;
  readonly groups?: ReadonlySet<string> | undefined;
  readonly kinds?: ReadonlySet<SubjectKind> | undefined;
  readonly methods?: ReadonlySet<string> | undefined;
  readonly authenticated?: boolean | undefined;
  readonly approved?: boolean | undefined;
  readonly certificates?: ReadonlySet<string> | undefined;
  readonly build?: Build | undefined;
  readonly from?: From | undefined;
  readonly tags?: Tags | undefined;
  readonly time?: readonly TimeWindow[] | undefined;
  readonly client?: readonly ClientTest[] | undefined;
}

/** The conditions of a rule itself always say what may be done, and to what. */
export interface RuleConditions extends Conditions {
  readonly actions: ActionSet;
  readonly repositories: readonly RepositoryGlob[];
}

/** In the order in which they are shown. */
export const FACTS = [
  'actions',
  'repositories',
  'users',
  'groups',
  'kinds',
  'methods',
  'authenticated',
  'approved',
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
  readonly entries: readonly { readonly text: string; readonly ranges: readonly Place[] }[];
  /** All of it. */
  readonly places: PlaceSet;
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
