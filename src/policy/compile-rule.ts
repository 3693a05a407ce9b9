/** Makes one rule of what the file says of it: names looked up, patterns and windows read. */
import { WardenError } from '../errors.ts';
import { actionSet } from './actions.ts';
import { parseClientTest } from './client-version.ts';
import type { Build, Conditions, RuleConditions } from './conditions.ts';
import { BUILD_CLAIMS } from './facts.ts';
import {
  parseClaimGlob,
  parseRepositoryGlob,
  parseTagGlob,
  type RepositoryGlob,
  type TagGlob,
} from './glob.ts';
import type { Networks } from './networks.ts';
import type { Path } from './problem.ts';
import type { Rule } from './rule.ts';
import { type BlockContent, oneLine, type RuleContent } from './schema.ts';
import type { SetKind } from './set-name.ts';
import type { Sets } from './sets.ts';
import type { Stated } from './stated.ts';
import type { Times } from './times.ts';

export interface Names {
  readonly networks: Networks;
  readonly sets: Sets;
  readonly times: Times;
}

export function compileRule(stated: Stated<RuleContent>, names: Names): Rule {
  const { value } = stated;
  const effect = value.allow === undefined ? 'deny' : 'allow';
  const blocks = value.unless === undefined ? [] : [value.unless].flat();
  const { id, enforce } = value;
  const within = Array.isArray(value.unless);
  return Object.freeze({
    id,
    effect,
    enforce,
    message: value.message === undefined ? undefined : oneLine(value.message),
    when: {
      actions: actionSet(value.allow ?? value.deny ?? []),
      repositories: repositoriesOf(value.repositories, stated, [], names),
      ...conditionsOf(value, stated, [], names, effect === 'allow'),
    } satisfies RuleConditions,
    unless: blocks.map((block, index) =>
      blockOf(block, stated, within ? ['unless', index] : ['unless'], names, effect === 'deny'),
    ),
    bind: value.bind !== undefined,
    place: stated.place,
    written: value,
  });
}

function blockOf(
  block: BlockContent,
  stated: Stated<RuleContent>,
  inside: Path,
  names: Names,
  untagged: boolean,
): Conditions {
  return {
    actions: block.actions && actionSet(block.actions),
    repositories: block.repositories && repositoriesOf(block.repositories, stated, inside, names),
    ...conditionsOf(block, stated, inside, names, untagged),
  };
}

/** @param untagged see Tags. */
function conditionsOf(
  value: Omit<BlockContent, 'actions' | 'repositories'>,
  stated: Stated<RuleContent>,
  inside: Path,
  { networks, sets, times }: Names,
  untagged: boolean,
): Omit<Conditions, 'actions' | 'repositories'> {
  const { who, build, from, tags, time, client } = value;
  const expand = (kind: SetKind, list: readonly string[], path: Path) =>
    sets.expand(kind, list, stated, [...inside, ...path]);
  // Every key is there, also where nothing is asked: objects of one shape are several times as quick to weigh.
  return {
    users: who?.users && new Set(expand('users', who.users, ['who', 'users'])),
    groups: who?.groups && new Set(expand('groups', who.groups, ['who', 'groups'])),
    kinds: who?.kinds && new Set(who.kinds),
    methods: who?.methods && new Set<string>(who.methods),
    authenticated: who?.authenticated,
    approved: who?.approved,
    certificates: who?.certificates && new Set(who.certificates),
    build: build && buildOf(build),
    from: from && networks.fromOf(from, stated, [...inside, 'from']),
    tags: tags && { globs: expand('tags', tags, ['tags']).map(tagGlob), untagged },
    time: time && times.windowsOf(expand('times', time, ['time']), time, stated, [...inside, 'time']),
    client: client?.map((text) => checked(parseClientTest(text), ({ test }) => test)),
  };
}

function repositoriesOf(
  list: readonly string[],
  stated: Stated<RuleContent>,
  inside: Path,
  { sets }: Names,
): readonly RepositoryGlob[] {
  return sets
    .expand('repositories', list, stated, [...inside, 'repositories'])
    .map((text) => checked(parseRepositoryGlob(text), ({ glob }) => glob));
}

function tagGlob(text: string): TagGlob {
  return checked(parseTagGlob(text), ({ glob }) => glob);
}

function buildOf(build: NonNullable<BlockContent['build']>): Build {
  return new Map(
    BUILD_CLAIMS.flatMap((claim) => {
      const texts = build[claim];
      if (texts === undefined) return [];
      return [[claim, texts.map((text) => checked(parseClaimGlob(text), ({ glob }) => glob))] as const];
    }),
  );
}

/** The schema has read the same text, so a refusal here is a defect. */
function checked<R extends { readonly ok: true }, T>(
  parsed: R | { readonly ok: false; readonly reason: string },
  take: (parsed: R) => T,
): T {
  if (parsed.ok) return take(parsed);
  throw new WardenError('INTERNAL', { sentence: `a text was not checked before: ${parsed.reason}` });
}
