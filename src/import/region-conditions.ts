/** Compares regions of entries. Each "true" is a proof; "false" says only that none was found. */
import { requireRange } from '../policy/address.ts';
import type { Conditions } from '../policy/conditions.ts';
import { conditionsCover, exclude, globsCover } from '../policy/covers.ts';
import { parseRepositoryGlob, type RepositoryGlob } from '../policy/glob.ts';
import { globsApart } from '../policy/patterns-apart.ts';
import { placeSet } from '../policy/place-set.ts';
import type { Region } from './region.ts';
import type { Who } from './who.ts';

export interface Asked {
  readonly region: Region;
  readonly globs: readonly RepositoryGlob[];
  readonly who: Conditions;
  readonly from: Conditions;
}

export function askedOf(region: Region): Asked {
  return {
    region,
    globs: region.repositories.flatMap((text) => {
      const parsed = parseRepositoryGlob(text);
      return parsed.ok ? [parsed.glob] : [];
    }),
    who: whoConditions(region.who),
    from: fromConditions(region.from),
  };
}

function whoConditions(who: Who | undefined): Conditions {
  if (who === undefined) return {};
  const { users, groups, authenticated = true } = who;
  return {
    authenticated,
    ...(users && { users: new Set(users) }),
    ...(groups && { groups: new Set(groups) }),
  };
}

function fromConditions(from: string | undefined): Conditions {
  if (from === undefined) return {};
  const ranges = [requireRange(from)];
  return { from: { entries: [{ text: from, ranges }], places: placeSet(ranges) } };
}

/** Whether no request is in both. */
export function apart(a: Asked, b: Asked): boolean {
  return (
    exclude(a.who, b.who) ||
    exclude(a.from, b.from) ||
    a.globs.every((one) => b.globs.every((other) => globsApart(one, other)))
  );
}

/** What is left to ask of `outer` for a request that is in `inner`; nothing if it holds all of `inner`. */
export function leftToAsk(outer: Asked, inner: Asked): Partial<Region> {
  const { who, repositories, from } = outer.region;
  return {
    ...(who !== undefined && !conditionsCover(outer.who, inner.who) && { who }),
    ...(!globsCover(outer.globs, inner.globs) && { repositories }),
    ...(from !== undefined && !conditionsCover(outer.from, inner.from) && { from }),
  };
}
