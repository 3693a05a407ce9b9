/** Whom an entry of an ACL is about: its account and its labels. */
import { NAME } from '../identity/users-schema.ts';
import type { Entry } from './docker-auth-file.ts';
import type { People, Person } from './people.ts';
import { ACCOUNT, asksRequest, filledIn, hasPlaceholder } from './placeholders.ts';
import { fits, leastLength, literalsOf, type Reading } from './try-pattern.ts';

/** As `who` of a rule says it: all keys must hold. */
export interface Who {
  readonly users?: readonly string[];
  readonly groups?: readonly string[];
  readonly authenticated?: boolean;
}

/** Of the answers for an entry; see regions.ts. */
export type Side = 'narrow' | 'closed' | 'open' | 'wide';

export function sideOf(side: Side): {
  readonly reading: Reading;
  readonly quoting: 'all' | 'theirs';
  readonly part: 'under' | 'over';
} {
  const part = side === 'narrow' || side === 'open' ? 'under' : 'over';
  return side === 'wide' || side === 'open'
    ? { reading: 'searched', quoting: 'theirs', part }
    : { reading: 'whole', quoting: 'all', part };
}

export interface Named {
  /** For those who have logged in; one of them must hold. */
  readonly parts: readonly Who[];
  /** Whether it is about everyone, with login or without. */
  readonly everyone: boolean;
  /** Whether it may also be about users whom the file does not name. */
  readonly strangers: boolean;
}

/** @returns 'each' where it must be told for each user, a sentence where it cannot be told at all. */
export function whoOf(entry: Entry, people: People, side: Side): Named | string {
  const account = accountOf(entry, people, side);
  const labels = labelsOf(entry, people, side);
  if (typeof account === 'string') return account;
  if (typeof labels === 'string') return labels;
  const { names } = account;
  const strangers = account.strangers || labels.strangers;
  if (account.nobody || names?.length === 0 || labels.groups?.length === 0)
    return { parts: [], everyone: false, strangers };
  const groups = labels.groups === undefined ? {} : { groups: labels.groups };
  const who =
    names === undefined && labels.groups === undefined
      ? { authenticated: true }
      : { ...(names && { users: names }), ...groups };
  return { parts: [who], everyone: account.everyone && labels.groups === undefined, strangers };
}

interface Account {
  /** Undefined: any. */
  readonly names: readonly string[] | undefined;
  readonly nobody: boolean;
  readonly everyone: boolean;
  readonly strangers: boolean;
}

const ANYONE: Account = { names: undefined, nobody: false, everyone: true, strangers: false };

function accountOf({ patterns: { account } }: Entry, people: People, side: Side): Account | string {
  if (account === undefined || account === ACCOUNT) return ANYONE;
  if (asksRequest(account)) return 'its account uses a placeholder for the request itself';
  if (hasPlaceholder(account)) return 'each';
  const least = leastLength(account);
  if (least === 0) return ANYONE;
  if (least === 1) return { ...ANYONE, everyone: false };
  const { reading } = sideOf(side);
  const literals = literalsOf(account)?.filter((name) => NAME.test(name)) ?? [];
  const fitting: string[] = [];
  for (const { name } of people.known) {
    const fit = fits(account, name, reading);
    if (fit === undefined) return 'its account cannot be read';
    if (fit) fitting.push(name);
  }
  if (fits(account, '', reading) === undefined) return 'its account cannot be read';
  const named = literals.filter((name) => fits(account, name, reading));
  const names = [...new Set([...named, ...fitting])];
  return {
    names,
    nobody: names.length === 0,
    everyone: false,
    strangers: !isLiteral(account),
  };
}

/** Whether a pattern fits only the texts that are written in it. */
function isLiteral(pattern: string): boolean {
  const literals = literalsOf(pattern);
  // With a letter on either end it must not fit any more, or it is not held there.
  return (
    literals?.every(
      (text) =>
        fits(pattern, `x${text}`, 'searched') !== true && fits(pattern, `${text}x`, 'searched') !== true,
    ) ?? false
  );
}

/** The names that an entry is about, where it names them one by one. */
export function askedNames({ patterns: { account } }: Entry): readonly string[] | undefined {
  if (account === undefined || hasPlaceholder(account) || !isLiteral(account)) return undefined;
  return literalsOf(account)?.filter((name) => NAME.test(name));
}

interface Asked {
  /** Undefined: not asked. */
  readonly groups: readonly string[] | undefined;
  readonly strangers: boolean;
}

function labelsOf({ labels }: Entry, people: People, side: Side): Asked | string {
  const [first, ...others] = labels;
  if (first === undefined) return { groups: undefined, strangers: false };
  const [label, pattern] = first;
  if (asksRequest(pattern)) return `its label ${label} uses a placeholder for the request itself`;
  if (others.length > 0 || hasPlaceholder(pattern)) return 'each';
  const { reading } = sideOf(side);
  const values = new Set(
    literalsOf(pattern)?.filter((value) => value !== '' && fits(pattern, value, reading)),
  );
  for (const value of people.valuesOf(label)) {
    const fit = fits(pattern, value, reading);
    if (fit === undefined) return `its label ${label} cannot be read`;
    if (fit) values.add(value);
  }
  if (fits(pattern, '', reading) === undefined) return `its label ${label} cannot be read`;
  return {
    groups: [...values].map((value) => people.groupOf(label, value)),
    strangers: !isLiteral(pattern),
  };
}

/** Whether account and labels of an entry fit one user. @returns undefined where that cannot be told. */
export function personFits(entry: Entry, person: Person, side: Side): boolean | undefined {
  const { patterns } = entry;
  const { reading, quoting } = sideOf(side);
  const all: (boolean | undefined)[] = [];
  const tryOn = (pattern: string, text: string, labels: Person['labels']): boolean | undefined => {
    if (asksRequest(pattern)) return undefined;
    const texts = filledIn(pattern, patterns, person.name, labels, quoting);
    return anyOf(texts?.map((filled) => fits(filled, text, reading)) ?? [undefined]);
  };
  if (patterns.account !== undefined) all.push(tryOn(patterns.account, person.name, person.labels));
  for (const [label, pattern] of entry.labels) {
    const values = person.labels.get(label) ?? [];
    // Placeholders of labels are not filled in here.
    all.push(anyOf(values.map((value) => tryOn(pattern, value, new Map()))));
  }
  if (all.includes(false)) return false;
  return all.includes(undefined) ? undefined : true;
}

function anyOf(list: readonly (boolean | undefined)[]): boolean | undefined {
  if (list.includes(true)) return true;
  return list.includes(undefined) ? undefined : false;
}
