/**
 * What a question about rights gives: some facts are known, of some a part, of the rest nothing. Conditions are reduced by
 * it to what is still open.
 */

import { isClient, type Product } from '../client-version.ts';
import type { ActionSet, Conditions, From } from '../conditions.ts';
import { repositoryGlobCovers } from '../covers.ts';
import { matchesTag, type RepositoryGlob } from '../glob.ts';
import { globsApart } from '../patterns-apart.ts';
import { type PlaceSet, placeSet, placesApart, placesCover } from '../place-set.ts';
import { isWithin } from '../time-window.ts';
import type { GivenWho } from './caller.ts';
import { reduceWho } from './given-who.ts';
import { meet } from './meet.ts';
import { type Draft, factsOf, withActions } from './one-fact.ts';
import { asConditions, solveGlob } from './solve.ts';
import { specialise } from './specialise.ts';

/** A key that is absent leaves its fact open. */
export interface Given {
  /** What is done is one of these. */
  readonly actions?: ActionSet;
  readonly repository?: GivenRepository;
  readonly who?: GivenWho;
  /** The client is in one of them. */
  readonly from?: PlaceSet;
  /** The tag that is written; with undefined none is. */
  readonly tag?: { readonly name: string | undefined };
  /** Milliseconds since 1970. */
  readonly time?: number;
  /** What the User-Agent names. */
  readonly products?: readonly Product[];
}

/** One repository, or any of those that a pattern without variables fits. */
export type GivenRepository = { readonly components: readonly string[] } | { readonly glob: RepositoryGlob };

/**
 * The alternatives that are left of `conditions`, for every question that is as `given`: it holds where one of them does.
 * None: it holds for no such question. One without keys: for all.
 */
export function reduce(conditions: Conditions, given: Given): readonly Conditions[] {
  const left = reduceWho(conditions, given.who);
  if (left === undefined) return [];
  const { actions, tags, time, client } = conditions;
  if (actions !== undefined && given.actions === undefined) left.actions = actions;
  if (actions !== undefined && given.actions !== undefined) {
    const mask = actions.mask & given.actions.mask;
    if (mask === 0) return [];
    if (mask !== given.actions.mask) left.actions = withActions(actions, mask);
  }
  if (conditions.from !== undefined) {
    const from = reduceFrom(conditions.from, given.from);
    if (from === undefined) return [];
    if (from !== 'all') left.from = from;
  }
  if (tags !== undefined && given.tag === undefined) left.tags = tags;
  if (tags !== undefined && given.tag !== undefined) {
    const { name } = given.tag;
    if (!(name === undefined ? tags.untagged : tags.globs.some((glob) => matchesTag(glob, name)))) return [];
  }
  const moment = given.time;
  if (time !== undefined && moment === undefined) left.time = time;
  if (time !== undefined && moment !== undefined && !time.some((one) => isWithin(one, moment))) return [];
  const { products } = given;
  if (client !== undefined && products === undefined) left.client = client;
  if (client !== undefined && products !== undefined && !client.some((test) => isClient(test, products)))
    return [];
  return reduceRepositories(conditions.repositories, left, given);
}

function reduceFrom(from: From, given: PlaceSet | undefined): From | 'all' | undefined {
  if (given === undefined) return from;
  if (placesCover(from.places, given)) return 'all';
  return meetingEntries(from, given);
}

/** The entries that share an address with some ranges; undefined where none does. */
export function meetingEntries(from: From, places: PlaceSet): From | undefined {
  const entries = from.entries.filter((entry) => !placesApart(placeSet(entry.ranges), places));
  if (entries.length === 0) return undefined;
  if (entries.length === from.entries.length) return from;
  return { entries, places: placeSet(entries.flatMap((entry) => entry.ranges)) };
}

function reduceRepositories(
  list: readonly RepositoryGlob[] | undefined,
  left: Draft,
  { repository, who }: Given,
): readonly Conditions[] {
  if (list === undefined) return [left];
  const globs = list.flatMap((glob) => specialise(glob, who));
  if (repository !== undefined && 'components' in repository)
    return solveAll(globs, repository.components, left, who);
  const meeting =
    repository === undefined ? globs : globs.filter((glob) => !globsApart(glob, repository.glob));
  if (meeting.length === 0) return [];
  if (repository !== undefined && meeting.some((glob) => repositoryGlobCovers(glob, repository.glob)))
    return [left];
  return [{ ...left, repositories: meeting }];
}

/** Patterns that fit the repository for some callers become conditions on the caller. */
function solveAll(
  globs: readonly RepositoryGlob[],
  components: readonly string[],
  left: Draft,
  who: GivenWho | undefined,
): readonly Conditions[] {
  const alternatives: Conditions[] = [];
  const unsolved: RepositoryGlob[] = [];
  for (const glob of globs) {
    const solutions = solveGlob(glob, components);
    const asked = solutions && asConditions(solutions).flatMap((one) => reduceWho(one, who) ?? []);
    if (asked?.some((one) => factsOf(one).length === 0)) return [left];
    const met = asked?.map((one) => meet(left, one));
    if (met === undefined || met.includes(undefined)) unsolved.push(glob);
    else alternatives.push(...met.flatMap((one) => one || []));
  }
  return unsolved.length === 0 ? alternatives : [...alternatives, { ...left, repositories: unsolved }];
}
