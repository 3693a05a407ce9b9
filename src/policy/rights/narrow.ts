/** Conditions inside of others that are known to hold: what goes without saying is left out. */
import type { Conditions, Tags } from '../conditions.ts';
import { conditionsCover, repositoryGlobCovers } from '../covers.ts';
import { SUBJECT_KINDS } from '../facts.ts';
import type { TagGlob } from '../glob.ts';
import { globsApart, wildsApart } from '../patterns-apart.ts';
import { placeSet, placesCover } from '../place-set.ts';
import { disjoint, namedOnly } from './apart.ts';
import { meetingEntries } from './given.ts';
import { common, type Draft, factsOf, onlyFact, withActions } from './one-fact.ts';

/**
 * What `conditions` still ask where `known` holds; nothing, where they always hold then.
 *
 * @returns undefined where they cannot hold then.
 */
export function narrowed(conditions: Conditions, known: Conditions): Conditions | undefined {
  if (disjoint(conditions, known)) return undefined;
  const left: Draft = {};
  for (const fact of factsOf(conditions)) {
    const one = onlyFact(conditions, fact);
    if (
      conditionsCover(one, known) ||
      (conditions.authenticated && fact === 'authenticated' && namedOnly(known))
    )
      continue;
    Object.assign(left, thinned(one, known));
  }
  return left;
}

/** One fact, its list without the entries that cannot be met. Not all go, since the two are not disjoint. */
function thinned(one: Conditions, known: Conditions): Conditions {
  const { actions, repositories, users, kinds, methods, from, tags } = one;
  if (actions && known.actions) return { actions: withActions(actions, actions.mask & known.actions.mask) };
  if (users && known.users) return { users: common(users, known.users) };
  if (kinds && known.kinds) return { kinds: common(kinds, known.kinds) };
  if (kinds && namedOnly(known)) return { kinds: common(kinds, NAMED) };
  if (methods && known.methods) return { methods: common(methods, known.methods) };
  const { repositories: others, from: place, tags: written } = known;
  if (repositories && others)
    return {
      repositories: repositories.filter((glob) => others.some((other) => !globsApart(glob, other))),
    };
  if (from && place) return { from: meetingEntries(from, place.places) ?? from };
  if (tags && written)
    return {
      tags: {
        ...tags,
        globs: tags.globs.filter((glob) => written.globs.some((other) => !wildsApart(glob.text, other.text))),
      },
    };
  return one;
}

const NAMED = new Set(SUBJECT_KINDS.filter((kind) => kind !== 'anonymous'));

/**
 * `conditions` without what `taken` takes away, as far as lists without some entries can say it. What could not be taken
 * away is still there, so `taken` remains an exception unless nothing of it can be met any more.
 *
 * @param taken a single fact.
 * @returns undefined where nothing is left.
 */
export function lessened(conditions: Conditions, taken: Conditions): Conditions | undefined {
  const { actions, repositories, users, kinds, methods, certificates, from, tags, time } = conditions;
  const left: Draft = { ...conditions };
  const without = <T>(list: ReadonlySet<T>, gone: ReadonlySet<T>): ReadonlySet<T> =>
    new Set([...list].filter((one) => !gone.has(one)));
  if (actions && taken.actions) left.actions = withActions(actions, actions.mask & ~taken.actions.mask);
  if (users && taken.users) left.users = without(users, taken.users);
  if (taken.kinds) left.kinds = without(kinds ?? new Set(SUBJECT_KINDS), taken.kinds);
  if (methods && taken.methods) left.methods = without(methods, taken.methods);
  if (certificates && taken.certificates) left.certificates = without(certificates, taken.certificates);
  if (taken.authenticated !== undefined) left.authenticated = !taken.authenticated;
  if (taken.approved !== undefined) left.approved = !taken.approved;
  if (repositories && taken.repositories)
    left.repositories = repositories.filter(
      (glob) => !taken.repositories?.some((gone) => repositoryGlobCovers(gone, glob)),
    );
  if (from && taken.from) {
    const gone = taken.from.places;
    const entries = from.entries.filter((entry) => !placesCover(gone, placeSet(entry.ranges)));
    left.from = { entries, places: placeSet(entries.flatMap((entry) => entry.ranges)) };
  }
  if (tags && taken.tags) left.tags = lessTags(tags, taken.tags);
  if (time && taken.time)
    left.time = time.filter((window) => !conditionsCover({ time: taken.time ?? [] }, { time: [window] }));
  return isEmpty(left) ? undefined : left;
}

function lessTags(tags: Tags, gone: Tags): Tags {
  const covered = (glob: TagGlob): boolean =>
    conditionsCover(
      { tags: { globs: gone.globs, untagged: true } },
      { tags: { globs: [glob], untagged: false } },
    );
  return {
    globs: tags.globs.filter((glob) => !covered(glob)),
    untagged: tags.untagged && !gone.untagged,
  };
}

/** True if a list has no entry left. */
function isEmpty({
  actions,
  repositories,
  users,
  kinds,
  methods,
  certificates,
  from,
  tags,
  time,
}: Conditions): boolean {
  return (
    actions?.mask === 0 ||
    repositories?.length === 0 ||
    [users, kinds, methods, certificates].some((set) => set?.size === 0) ||
    from?.entries.length === 0 ||
    (tags !== undefined && tags.globs.length === 0 && !tags.untagged) ||
    time?.length === 0
  );
}
