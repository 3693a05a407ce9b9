/** Values with which a row may hold, taken from what it and its exceptions ask. */
import { type Range, rangeText } from '../address.ts';
import type { Conditions } from '../conditions.ts';
import {
  type Action,
  BUILD_CLAIMS,
  type BuildClaims,
  SUBJECT_KINDS,
  type Subject,
  type SubjectKind,
} from '../facts.ts';
import type { RepositoryGlob } from '../glob.ts';
import type { Part } from '../glob-parts.ts';
import type { Right } from './right.ts';

/** Each list has an entry. */
export interface Suggestions {
  readonly kinds: readonly SubjectKind[];
  readonly names: readonly string[];
  /** Of which the caller is in one, and perhaps in one of the others. */
  readonly groups: readonly string[];
  readonly otherGroups: readonly string[];
  readonly methods: readonly string[];
  readonly approvals: readonly boolean[];
  /** Names, of which the certificate has one, and perhaps another. */
  readonly certificates: readonly string[];
  readonly otherCertificates: readonly string[];
  readonly builds: readonly BuildClaims[];
  readonly repositories: readonly RepositoryGlob[];
  readonly actions: readonly Action[];
  readonly addresses: readonly string[];
  readonly tags: readonly (string | undefined)[];
  /** Milliseconds since 1970. */
  readonly times: readonly number[];
  readonly clients: readonly (string | undefined)[];
}

/** Exceptions of which the values are taken; with very many, nearly any value is in none of them. */
const EXCEPTIONS_READ = 100;
/** Somebody and somewhere that rules do not name. */
const SOMEONE = 'someone';
const SOMEWHERE = ['192.0.2.1', '10.0.0.1', '2001:db8::1'];
const HOUR_MS = 3_600_000;
/** A Monday. */
const WEEK_START = Date.UTC(2026, 5, 1);

export function suggestions({ when, except }: Right): Suggestions {
  const asides = except
    .slice(0, EXCEPTIONS_READ)
    .flatMap((exception) => [exception.when, ...exception.unless]);
  const all: readonly Conditions[] = [when, ...asides];
  const aside = <T>(pick: (one: Conditions) => Iterable<T> | undefined): T[] =>
    asides.flatMap((one) => [...(pick(one) ?? [])]);
  const ranges = (one: Conditions) => one.from?.entries.flatMap((entry) => entry.ranges);
  // What may have to stand in place of a variable.
  const variable = when.repositories?.some((glob) => glob.variable) ?? false;
  const literals = variable ? aside(({ repositories }) => repositories).flatMap(literalsOf) : [];
  return {
    kinds: when.kinds ? [...when.kinds] : when.authenticated === false ? ['anonymous'] : SUBJECT_KINDS,
    names: when.users ? [...when.users] : [SOMEONE, ...aside(({ users }) => users), ...literals],
    groups: [...(when.groups ?? [])],
    otherGroups: [...aside(({ groups }) => groups), ...literals],
    methods: when.methods ? [...when.methods] : ['password', ...aside(({ methods }) => methods)],
    approvals: when.approved === undefined ? [false, true] : [when.approved],
    certificates: [...(when.certificates ?? [])],
    otherCertificates: [
      ...aside(({ certificates }) => certificates),
      ...all
        .flatMap((one) => (ranges(one) ?? []).flatMap(({ certificate }) => certificate ?? []))
        .map(filled),
    ],
    builds: all.map(({ build }) => claimsOf(build)),
    repositories: [...(when.repositories ?? []), ...aside(({ repositories }) => repositories)],
    actions: when.actions.list,
    addresses: when.from
      ? [...(ranges(when) ?? []), ...aside(ranges)].flatMap(endsOf)
      : [...SOMEWHERE, ...aside(ranges).flatMap(endsOf)],
    tags: [undefined, 'v1', ...all.flatMap(({ tags }) => tags?.globs.map(({ text }) => filled(text)) ?? [])],
    times: timesOf(all),
    clients: [
      undefined,
      ...all.flatMap(({ client = [] }) =>
        client.flatMap(({ product, compare }) => [
          product,
          `${product}/${compare?.version.join('.') ?? '1.0'}`,
          `${product}/0`,
          `${product}/99`,
        ]),
      ),
    ],
  };
}

function literalsOf({ parts }: RepositoryGlob): readonly string[] {
  return parts.flatMap((part) => (part.kind === 'literal' ? part.text : []));
}

function endsOf(range: Range): readonly string[] {
  const size = 1n << BigInt((range.family === 4 ? 32 : 128) - range.bits);
  const width = range.family === 4 ? 32 : 128;
  return [...new Set([0n, size - 1n, size / 2n])].map((offset) =>
    rangeText({ family: range.family, value: range.value + offset, bits: width }),
  );
}

function timesOf(all: readonly Conditions[]): readonly number[] {
  const windows = all.flatMap(({ time }) => time ?? []);
  if (windows.length === 0) return [WEEK_START + 12 * HOUR_MS];
  const once = windows.flatMap((window) =>
    window.kind === 'once' ? [window.from, window.to - 1, window.from - 1, window.to] : [],
  );
  return [...once, ...Array.from({ length: 7 * 24 }, (_, hour) => WEEK_START + hour * HOUR_MS)];
}

function claimsOf(build: Conditions['build']): BuildClaims {
  return Object.fromEntries(
    [...(build ?? [])].map(([claim, [glob]]) => [claim, glob ? nameOf(glob.parts, undefined) : 'x']),
  );
}

/** A text that fits a pattern: a letter in place of each star. */
export function filled(pattern: string): string {
  return pattern.replaceAll('*', 'x');
}

/** One of a list; undefined of an empty one. */
export type Pick = <T>(list: readonly T[]) => T | undefined;

/** A name that the parts fit for this caller. */
export function nameOf(parts: readonly Part[], subject: Subject | undefined, pick?: Pick): string {
  return parts.flatMap((part) => stretchOf(part, subject, pick)).join('/');
}

function stretchOf(part: Part, subject: Subject | undefined, pick: Pick | undefined): readonly string[] {
  switch (part.kind) {
    case 'literal':
      return [part.text];
    case 'wild':
      return [filled(part.pattern)];
    case 'user':
      return [subject?.name ?? 'x'];
    case 'group':
      return [pick?.(subject?.groups ?? []) ?? 'x'];
    case 'claim':
      return [subject?.build?.[part.claim] ?? 'x'];
    case 'components':
      return pick?.(STRETCHES) ?? ['x'];
    case 'any':
      return [pick?.(['x', 'y']) ?? 'x'];
  }
}

/** What stands for `**`. */
const STRETCHES = [[], ['x'], ['x', 'y']];

/** All claims that a pattern may name. */
export const SOME_CLAIMS: BuildClaims = Object.fromEntries(BUILD_CLAIMS.map((claim) => [claim, 'x']));
