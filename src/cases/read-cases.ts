/** Reads files of cases against a policy: every question that they ask, or every problem of theirs. */
import type { PolicyText } from '../config/policy-texts.ts';
import { type PositionOf, type Problem, readYaml } from '../config/yaml.ts';
import { type Asked, type Fault, readAsked } from '../policy/ask.ts';
import { didYouMean } from '../policy/did-you-mean.ts';
import type { Question, Verdict } from '../policy/facts.ts';
import type { Policy } from '../policy/policy.ts';
import type { Place } from '../policy/problem.ts';
import { type CaseContent, type CasesDocument, casesDocument } from './schema.ts';

/** One question with the answer that is expected. */
export interface Case {
  readonly file: string;
  /** Of the entry in the file; several cases share it where its facts are lists. */
  readonly place: Place;
  /** What a person calls it; unique in its file. */
  readonly name: string;
  readonly question: Question;
  readonly expect: Verdict;
  /** Sorted; undefined: whichever. */
  readonly rules: readonly string[] | undefined;
  readonly message: string | undefined;
}

export type ReadCases =
  | { readonly ok: true; readonly cases: readonly Case[] }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** What one entry with lists may come to: a list of every repository in every direction is a mistake. */
const LIMIT = 1_000;

/** All problems of all files at once. Pure. */
export function readCases(texts: readonly PolicyText[], policy: Policy): ReadCases {
  const problems: Problem[] = [];
  const cases: Case[] = [];
  for (const { file, text } of texts) {
    const read = readYaml(text, file, casesDocument);
    if (!read.ok) problems.push(...read.problems);
    else
      for (const [index] of read.value.cases.entries())
        cases.push(...casesOf(file, read, index, policy, problems));
  }
  return problems.length > 0 ? { ok: false, problems } : { ok: true, cases: withOwnNames(cases) };
}

function casesOf(
  file: string,
  { value, positionOf }: { readonly value: CasesDocument; readonly positionOf: PositionOf },
  index: number,
  policy: Policy,
  problems: Problem[],
): readonly Case[] {
  const content = value.cases[index] ?? {};
  const defaults = value.defaults ?? {};
  const path = ['cases', index];
  const add = (key: string, message: string, more: readonly string[] = []): void => {
    // What the defaults say is wrong there.
    const inside =
      key in content ? [...path, key, ...more] : key in defaults ? ['defaults', key, ...more] : path;
    problems.push({ file, ...positionOf(inside), message });
  };
  const expect = content.expect ?? defaults.expect;
  if (expect === undefined)
    add('expect', 'the case does not say what to expect: granted, refused or possible');
  const unknown = (content.rules ?? []).filter((id) => !policy.rules.some((rule) => rule.id === id));
  for (const id of unknown)
    add(
      'rules',
      `there is no rule ${JSON.stringify(id)}${didYouMean(
        id,
        policy.rules.map((rule) => rule.id),
      )}`,
    );
  const combined = combinations({ ...defaults, ...content });
  if (combined.length > LIMIT) {
    add('name', `the lists of this case make ${combined.length} questions; at most ${LIMIT} are meant`);
    return [];
  }
  const told = new Set<string>();
  return combined.flatMap((facts): Case[] => {
    const stranger = strangerIn(facts, value);
    if (stranger !== undefined && isNew(told, stranger)) add(stranger.key, stranger.message);
    const read = readAsked(withPerson(facts, value), policy);
    if (!read.ok) {
      for (const fault of read.faults)
        if (isNew(told, fault)) add(fault.key, fault.message, fault.claim === undefined ? [] : [fault.claim]);
      return [];
    }
    if (expect === undefined) return [];
    const { rules, message } = content;
    return [
      {
        file,
        place: positionOf(path),
        name: nameOf(content.name, read.question, combined.length === 1),
        question: read.question,
        expect,
        rules: rules?.toSorted(),
        message,
      },
    ];
  });
}

function isNew(told: Set<string>, { key, message }: Fault): boolean {
  const text = `${key} ${message}`;
  if (told.has(text)) return false;
  told.add(text);
  return true;
}

type Facts = Omit<CaseContent, 'name' | 'expect' | 'rules' | 'message'>;
type One = { readonly [K in keyof Facts]: Exclude<Facts[K], readonly string[]> } & Pick<Facts, 'groups'>;

const LISTS = ['user', 'from', 'repository', 'action', 'tag', 'time', 'client'] as const;

/** One for each way to choose an entry of each list, the last list changing first. */
function combinations(facts: Facts): readonly One[] {
  let made: readonly Facts[] = [facts];
  for (const key of LISTS) {
    const value = facts[key];
    if (!Array.isArray(value)) continue;
    made = made.flatMap((one) => value.map((entry) => ({ ...one, [key]: entry })));
    if (made.length > LIMIT) break;
  }
  // No list is left but the groups.
  return made as readonly One[];
}

/** A name that is misspelt would be one in no group, who is refused much. */
function strangerIn({ user, groups }: One, { people = {} }: CasesDocument): Fault | undefined {
  if (!user || groups !== undefined || Object.hasOwn(people, user)) return undefined;
  const near = didYouMean(user, Object.keys(people));
  return {
    key: 'user',
    message: `${JSON.stringify(user)} is none of people, and the case does not say which groups${near}`,
  };
}

/** What `people` says of the user, where the case says nothing. */
function withPerson(facts: One, { people = {} }: CasesDocument): Asked {
  const known = Object.hasOwn(people, facts.user ?? '') ? people[facts.user ?? ''] : undefined;
  const said = Object.fromEntries(
    Object.entries(facts).map(([key, value]) => [key, value ?? undefined] as const),
  ) as Asked;
  return { ...known, ...Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined)) };
}

/** Two of one name in a file could not be told apart in a report. */
function withOwnNames(cases: readonly Case[]): readonly Case[] {
  const used = new Map<string, number>();
  return cases.map((one) => {
    const key = `${one.file}\n${one.name}`;
    const count = (used.get(key) ?? 0) + 1;
    used.set(key, count);
    return count === 1 ? one : { ...one, name: `${one.name} (${count})` };
  });
}

function nameOf(name: string | undefined, question: Question, alone: boolean): string {
  if (name !== undefined && alone) return name;
  return `${name === undefined ? '' : `${name}: `}${describeQuestion(question)}`;
}

function describeQuestion({ subject, actions, repository, tag, address }: Question): string {
  const who = subject.kind === 'anonymous' ? 'anyone' : subject.name;
  const word = actions.length > 1 ? 'push' : (actions[0] ?? '');
  const what = typeof repository === 'string' ? ` ${repository}` : '';
  const name = typeof tag === 'string' ? `:${tag}` : '';
  const from = typeof address === 'string' ? ` from ${address}` : '';
  return `${who} ${word}${what}${name}${from}`;
}
