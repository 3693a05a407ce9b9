/** The users of a docker_auth configuration as users of Warden, with groups in place of labels. */
import { NAME } from '../identity/users-schema.ts';
import { isRepository } from '../protocol/names.ts';
import type { Entry, ForeignUser } from './docker-auth-file.ts';
import { type Labels, labelsIn } from './placeholders.ts';

export interface Person {
  readonly name: string;
  readonly labels: Labels;
}

/** Who there is when rules are made of entries. */
export interface People {
  /** Users of the file whose names are names here, also those who cannot log in yet. */
  readonly known: readonly Person[];
  /** The labels of whoever has not logged in; undefined where docker_auth lets nobody in without. */
  readonly anonymous: Labels | undefined;
  /** The label whose values are names of groups as they stand, so that {group} can be one of them. */
  readonly plainLabel: string | undefined;
  /** The group that stands for a value of a label. */
  groupOf(label: string, value: string): string;
  /** All values of a label that some user has. */
  valuesOf(label: string): readonly string[];
  /** Every group that stands for a value of a label: in the order in which they were asked for. */
  readonly groups: ReadonlyMap<string, ReadonlyMap<string, string>>;
}

/** Longest name of a group. */
const LENGTH = 64;

export function createPeople(users: readonly ForeignUser[], acl: readonly Entry[]): People {
  const named = users.filter(({ name }) => name !== '');
  const known = named.filter(({ name }) => NAME.test(name));
  // With a password it would be a login with an empty name, which no client makes.
  const anonymous = users.find(({ name, password }) => name === '' && password === undefined)?.labels;
  const plainLabel = choosePlainLabel(users, acl);
  const groups = new Map<string, Map<string, string>>();
  const taken = new Set<string>();
  const valuesOf = (label: string): readonly string[] => [
    ...new Set(users.flatMap(({ labels }) => labels.get(label) ?? [])),
  ];

  function groupOf(label: string, value: string): string {
    const ofLabel = groups.get(label) ?? new Map<string, string>();
    groups.set(label, ofLabel);
    const before = ofLabel.get(value);
    if (before !== undefined) return before;
    const group = free(label === plainLabel && NAME.test(value) ? value : composed(label, value));
    ofLabel.set(value, group);
    return group;
  }

  function free(wanted: string): string {
    for (let number = 1; ; number++) {
      const end = number === 1 ? '' : `-${number}`;
      const name = wanted.slice(0, LENGTH - end.length) + end;
      if (taken.has(name) || !NAME.test(name)) continue;
      taken.add(name);
      return name;
    }
  }

  // Plain ones first: they must have the names that repositories have.
  if (plainLabel !== undefined)
    for (const value of valuesOf(plainLabel)) if (NAME.test(value)) groupOf(plainLabel, value);
  for (const { labels } of named)
    for (const [label, values] of labels) for (const value of values) groupOf(label, value);

  return { known, anonymous, plainLabel, groupOf, valuesOf, groups };
}

/** The one of which a name has a value as a whole component, else any that a placeholder names, else the only one. */
function choosePlainLabel(users: readonly ForeignUser[], acl: readonly Entry[]): string | undefined {
  const placeholders = acl.flatMap(({ patterns: { name } }) => labelsIn(name ?? ''));
  const labels = new Set([
    ...users.flatMap(({ labels: own }) => [...own.keys()]),
    ...acl.flatMap(({ labels: asked }) => [...asked.keys()]),
  ]);
  const [only] = labels;
  const whole = acl.flatMap(({ patterns: { name = '' } }) =>
    [...name.matchAll(/(?:^\/?\^?|\/)\$\{labels:([^}]*)\}(?=$|\/|\\\/|\$)/g)].map(([, label = '']) => label),
  );
  return whole[0] ?? placeholders[0] ?? (labels.size === 1 ? only : undefined);
}

/** With an @ in it, which no component of a repository has: {group} must not fit a value of another label. */
function composed(label: string, value: string): string {
  const word = (text: string, none: string): string =>
    text
      .toLowerCase()
      .replace(/[^a-z0-9._-]+/g, '-')
      .replace(/^[^a-z0-9]+|[^a-z0-9]+$/g, '')
      .slice(0, 28)
      .replace(/[^a-z0-9]+$/, '') || none;
  return `${word(label, 'label')}@${word(value, 'value')}`;
}

/** Whether {group} says of all values what a placeholder does: they are literal components, under their own names. */
export function isPlain(people: People, label: string, inRegex: boolean): boolean {
  if (label !== people.plainLabel) return false;
  return people
    .valuesOf(label)
    .every((value) =>
      isRepository(value)
        ? !value.includes('/') && people.groupOf(label, value) === value && !(inRegex && value.includes('.'))
        : !/[*?[\]\\/]/.test(value) && !(inRegex && /[^\w-]/.test(value)),
    );
}
