/**
 * Whether one set of conditions holds wherever another does. "True" is a proof; "false" only says that none was found, so
 * whoever asks must do no harm by a false.
 */
import type { Conditions } from './conditions.ts';
import type { RepositoryGlob, TagGlob } from './glob.ts';
import { generalised, matchesWild, type Part } from './glob-parts.ts';
import { placesApart, placesCover } from './place-set.ts';
import type { Rule } from './rule.ts';
import { windowCovers } from './time-window.ts';

/** True if `outer` holds for every question for which `inner` holds, whatever each of them is for. */
export function ruleCovers(outer: Rule, inner: Rule): boolean {
  return (
    conditionsCover(outer.when, inner.when) &&
    (!outer.bind || inner.bind) &&
    // What the outer one excepts, the inner one must not hold for either.
    outer.unless.every(
      (excepted) =>
        inner.unless.some((block) => conditionsCover(block, excepted)) || exclude(excepted, inner.when),
    )
  );
}

/** True if `outer` holds wherever `inner` does. */
export function conditionsCover(outer: Conditions, inner: Conditions): boolean {
  return (
    actionsCover(outer.actions, inner.actions) &&
    (outer.repositories === undefined ||
      (inner.repositories !== undefined && globsCover(outer.repositories, inner.repositories))) &&
    setCovers(outer.users, inner.users) &&
    setCovers(outer.groups, inner.groups) &&
    setCovers(outer.kinds, inner.kinds) &&
    setCovers(outer.methods, inner.methods) &&
    setCovers(outer.certificates, inner.certificates) &&
    authenticatedCovers(outer.authenticated, inner) &&
    approvedCovers(outer.approved, inner) &&
    buildCovers(outer.build, inner.build) &&
    (outer.from === undefined ||
      (inner.from !== undefined && placesCover(outer.from.places, inner.from.places))) &&
    tagsCover(outer.tags, inner.tags) &&
    (outer.time === undefined ||
      (inner.time?.every((window) => outer.time?.some((wide) => windowCovers(wide, window))) ?? false)) &&
    (outer.client === undefined ||
      (inner.client?.every(({ text }) => outer.client?.some((test) => test.text === text)) ?? false))
  );
}

function actionsCover(outer: Conditions['actions'], inner: Conditions['actions']): boolean {
  return outer === undefined || (inner !== undefined && (inner.mask & ~outer.mask) === 0);
}

function setCovers<T>(outer: ReadonlySet<T> | undefined, inner: ReadonlySet<T> | undefined): boolean {
  return outer === undefined || (inner !== undefined && [...inner].every((one) => outer.has(one)));
}

/** Who is named has logged in. */
function authenticatedCovers(wanted: boolean | undefined, inner: Conditions): boolean {
  if (wanted === undefined || inner.authenticated === wanted) return true;
  if (wanted)
    return inner.approved === true || inner.users !== undefined || inner.kinds?.has('anonymous') === false;
  return inner.kinds !== undefined && [...inner.kinds].every((kind) => kind === 'anonymous');
}

/** Who has not logged in has no approval. */
function approvedCovers(wanted: boolean | undefined, inner: Conditions): boolean {
  if (wanted === undefined || inner.approved === wanted) return true;
  return !wanted && authenticatedCovers(false, inner);
}

function buildCovers(outer: Conditions['build'], inner: Conditions['build']): boolean {
  if (outer === undefined) return true;
  return [...outer].every(([claim, globs]) => {
    const own = inner?.get(claim);
    return own?.every((glob) => globs.some((wide) => partsCover(wide.parts, glob.parts))) ?? false;
  });
}

function tagsCover(outer: Conditions['tags'], inner: Conditions['tags']): boolean {
  if (outer === undefined) return true;
  if (inner === undefined || (inner.untagged && !outer.untagged)) return false;
  return inner.globs.every((glob) => outer.globs.some((wide) => tagGlobCovers(wide, glob)));
}

/** True if some fact is asked of both and cannot be as both ask. */
export function exclude(a: Conditions, b: Conditions): boolean {
  return (
    (a.actions !== undefined && b.actions !== undefined && (a.actions.mask & b.actions.mask) === 0) ||
    excludeEachOther(a.users, b.users) ||
    excludeEachOther(a.kinds, b.kinds) ||
    excludeEachOther(a.methods, b.methods) ||
    (a.authenticated !== undefined && b.authenticated !== undefined && a.authenticated !== b.authenticated) ||
    (a.approved !== undefined && b.approved !== undefined && a.approved !== b.approved) ||
    (a.from !== undefined && b.from !== undefined && placesApart(a.from.places, b.from.places))
  );
}

/** Not for groups and certificates: one caller can be in several, and a certificate can have several names. */
function excludeEachOther<T>(a: ReadonlySet<T> | undefined, b: ReadonlySet<T> | undefined): boolean {
  return a !== undefined && b !== undefined && ![...a].some((one) => b.has(one));
}

export function globsCover(outer: readonly RepositoryGlob[], inner: readonly RepositoryGlob[]): boolean {
  return inner.every((glob) => outer.some((wide) => repositoryGlobCovers(wide, glob)));
}

/** True if `outer` fits every name that `inner` fits, for the same caller. */
export function repositoryGlobCovers(
  outer: Pick<RepositoryGlob, 'text' | 'parts'>,
  inner: Pick<RepositoryGlob, 'text' | 'parts'>,
): boolean {
  if (outer.text === inner.text) return true;
  // Whatever stands for the variables of the inner one, the outer one must fit without knowing it.
  return partsCover(outer.parts, inner.parts) || partsCover(outer.parts, generalised(inner.parts));
}

/**
 * Compares part by part: `**` takes any parts, `*` any one that is a single component, the rest its like.
 * Each pair is looked at once.
 */
function partsCover(outer: readonly Part[], inner: readonly Part[]): boolean {
  const known = new Map<number, boolean>();
  const from = (left: number, right: number): boolean => {
    const key = left * (inner.length + 1) + right;
    const before = known.get(key);
    if (before !== undefined) return before;
    const result = compare(left, right);
    known.set(key, result);
    return result;
  };
  const compare = (left: number, right: number): boolean => {
    const wanted = outer[left];
    const given = inner[right];
    if (wanted === undefined) return given === undefined;
    if (wanted.kind === 'components')
      return from(left + 1, right) || (given !== undefined && from(left, right + 1));
    if (given === undefined || given.kind === 'components') return false;
    return partCovers(wanted, given) && from(left + 1, right + 1);
  };
  return from(0, 0);
}

/** Both stand for one component, but for the claim `project`, which only equals itself. */
function partCovers(outer: Part, inner: Part): boolean {
  const several = inner.kind === 'claim' && inner.claim === 'project';
  switch (outer.kind) {
    case 'components':
      return true;
    case 'any':
      return !several && inner.kind !== 'components';
    case 'literal':
      return inner.kind === 'literal' && inner.text === outer.text;
    case 'wild':
      return (
        (inner.kind === 'literal' && matchesWild(outer.pattern, inner.text)) ||
        (inner.kind === 'wild' && matchesWild(outer.pattern, inner.pattern))
      );
    case 'user':
      return inner.kind === 'user';
    case 'group':
      return inner.kind === 'group';
    case 'claim':
      return inner.kind === 'claim' && inner.claim === outer.claim;
  }
}

function tagGlobCovers(outer: TagGlob, inner: TagGlob): boolean {
  return matchesWild(outer.text, inner.text);
}
