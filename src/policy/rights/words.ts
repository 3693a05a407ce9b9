/** Rows in words, for people. */

import type { Conditions } from '../conditions.ts';
import type { Action } from '../facts.ts';
import { placeText } from '../place-set.ts';
import type { Exception, Right } from './right.ts';

/** `create` and `overwrite` together are `push`, as in rules. */
export function actionWords(actions: readonly Action[]): readonly string[] {
  const pushes = actions.includes('create') && actions.includes('overwrite');
  if (!pushes) return actions;
  return actions.flatMap((action) =>
    action === 'create' ? ['push'] : action === 'overwrite' ? [] : [action],
  );
}

/** What one does, before the name of a repository. */
const DOING: Readonly<Record<string, string>> = {
  pull: 'pull from',
  push: 'push to',
  create: 'push new tags to',
  overwrite: 'overwrite tags of',
  delete: 'delete from',
  list: 'list',
  audit: 'read the record of',
  quarantine: 'quarantine images of',
  robots: 'manage robots of',
  grants: 'approve grants for',
  policy: 'question the policy about',
  sessions: 'see and end logins at',
};

/** `members of ci`, `alice, bob`, `everyone`; never empty. */
export function whoWords(when: Conditions): string {
  const { users, groups, kinds, methods, authenticated, approved, certificates, build } = when;
  const [first, ...more] = [
    ...(users ? [listed(users)] : []),
    ...(groups ? [`members of ${listed(groups, 'or')}`] : []),
    ...(kinds ? [listed([...kinds].map((kind) => KINDS[kind] ?? kind))] : []),
    ...(authenticated === undefined
      ? []
      : [authenticated ? 'whoever has logged in' : 'whoever has not logged in']),
    ...(build ? ['builds'] : []),
    ...(approved === undefined
      ? []
      : [approved ? 'whoever has an approved grant' : 'whoever has no approved grant']),
  ];
  const details = [
    ...more,
    ...(build
      ? [...build].map(
          ([claim, globs]) =>
            `of ${claim} ${listed(
              globs.map(({ text }) => text),
              'or',
            )}`,
        )
      : []),
    ...(methods ? [`logged in by ${listed(methods, 'or')}`] : []),
    ...(certificates ? [`with the certificate of ${listed(certificates, 'or')}`] : []),
  ].filter((text) => text !== 'builds' || first !== 'builds');
  return [first ?? 'everyone', ...details].join(', ');
}

const KINDS: Readonly<Record<string, string>> = {
  anonymous: 'whoever has not logged in',
  person: 'people',
  robot: 'robots',
  build: 'builds',
};

/** `from builders`, `tags v*`, and so on: what else is asked, without who, what and which repository. */
export function circumstances({ from, tags, time, client }: Conditions, bind = false): readonly string[] {
  return [
    ...(from
      ? [
          `from ${listed(
            from.entries.map(({ text }) => text),
            'or',
          )}`,
        ]
      : []),
    ...(tags ? [tagWords(tags)] : []),
    ...(time
      ? [
          `in ${listed(
            time.map(({ text }) => text),
            'or',
          )}`,
        ]
      : []),
    ...(client
      ? [
          `with ${listed(
            client.map(({ text }) => text),
            'or',
          )}`,
        ]
      : []),
    ...(bind ? ['with a token fetched from the same address'] : []),
  ];
}

/** A list of tags, and whether a push by digest, which writes none, is meant too. */
export function tagWords({ globs, untagged }: NonNullable<Conditions['tags']>): string {
  if (globs.length === 0) return 'by digest, without a tag';
  return `tags ${listed(
    globs.map(({ text }) => text),
    'or',
  )}${untagged ? '' : ' (not by digest)'}`;
}

/** What one may do: `push to prod/** or web/** from builders`. */
export function doingWords(when: Conditions, bind = false): string {
  const { actions, repositories } = when;
  const where =
    repositories === undefined
      ? 'it'
      : listed(
          repositories.map(({ text }) => text),
          'or',
        );
  const done = actionWords(actions?.list ?? []).map((word) => DOING[word] ?? word);
  return [`${listed(done)} ${where}`, ...circumstances(when, bind)].join(' ');
}

/** `alice may push to prod/** from builders`; `may` is put in by the caller, as in `may no longer`. */
export function rightWords({ when, bind }: Pick<Right, 'when' | 'bind'>, may: string): string {
  return `${whoWords(when)} ${may} ${doingWords(when, bind)}`;
}

/**
 * Behind a row: `unless tags v* (deny-releases)`. Where an exception always holds but for its own exceptions, these are what
 * is asked: `only from builders or from office (deny-outside)`.
 */
export function exceptionWords({ rules, when, unless }: Exception): string {
  const whose = rules.length === 0 ? '' : ` (${rules.join(', ')})`;
  const what = conditionWords(when);
  const spared = unless.map(conditionWords);
  if (what === '') return `only ${spared.join('; or ')}${whose}`;
  return `unless ${what}${spared.length > 0 ? `, but not ${spared.join('; nor ')}` : ''}${whose}`;
}

/** `repositories prod/** or web/**`; empty where any will do. */
export function repositoryWords({ repositories }: Conditions): string {
  if (repositories === undefined) return '';
  const texts = repositories.map(({ text }) => text);
  return `${texts.length > 1 ? 'repositories' : 'repository'} ${listed(texts, 'or')}`;
}

/** More are counted only. */
const EXCEPTIONS_SHOWN = 20;

/** A line for each exception of a row; beyond some, how many more there are. */
export function exceptionLines(list: readonly Exception[]): readonly string[] {
  const more = list.length - EXCEPTIONS_SHOWN;
  const shown = list.slice(0, EXCEPTIONS_SHOWN).map(exceptionWords);
  return more > 0
    ? [...shown, `and ${more} more exceptions, of ${denies(list.slice(EXCEPTIONS_SHOWN))}`]
    : shown;
}

function denies(list: readonly Exception[]): string {
  const ids = new Set(list.flatMap(({ rules }) => rules));
  const [first = 'the rule itself'] = ids;
  return ids.size <= 1 ? first : `${ids.size} rules such as ${first}`;
}

/** All that conditions ask; empty where they ask nothing. */
export function conditionWords(when: Conditions): string {
  const {
    actions,
    repositories,
    users,
    groups,
    kinds,
    methods,
    authenticated,
    approved,
    certificates,
    build,
  } = when;
  const who = [users, groups, kinds, methods, authenticated, approved, certificates, build].some(
    (one) => one !== undefined,
  );
  return [
    ...(who ? [whoWords(when)] : []),
    ...(actions ? [`to ${listed(actionWords(actions.list), 'or')}`] : []),
    ...(repositories
      ? [
          `repositories ${listed(
            repositories.map(({ text }) => text),
            'or',
          )}`,
        ]
      : []),
    ...circumstances(when),
  ].join(', ');
}

function listed(texts: Iterable<string>, word = 'and'): string {
  const list = [...texts];
  const last = list.pop();
  return list.length === 0 ? (last ?? '') : `${list.join(', ')} ${word} ${last}`;
}

/** Addresses that entries stand for, in CIDR notation. */
export function addressTexts({ from }: Conditions): readonly string[] | undefined {
  return from && [...new Set(from.entries.flatMap(({ ranges }) => ranges.map(placeText)))];
}
