/** Random policies and questions that meet: few names, so that rules often hold, and each kind of condition. */
import type { RuleAction } from '../../src/policy/actions.ts';
import {
  type Action,
  ANONYMOUS,
  type BuildClaims,
  type Question,
  type Subject,
  UNKNOWN,
} from '../../src/policy/facts.ts';
import { type PolicyDocument, policyDocument } from '../../src/policy/schema.ts';
import { type Random as BaseRandom, createRandom as createBaseRandom } from '../differential/random.ts';

export interface Random extends BaseRandom {
  chance(probability: number): boolean;
  /** 1 to `most` different entries. */
  some<T>(list: readonly T[], most?: number): T[];
}

export function createRandom(seed: number): Random {
  const random = createBaseRandom(seed);
  return {
    ...random,
    chance: (probability) => random.below(1000) < probability * 1000,
    some(list, most = 3) {
      const count = 1 + random.below(Math.min(most, list.length));
      return [...new Set(Array.from({ length: count }, () => random.pick(list)))];
    },
  };
}

export const ADDRESSES = ['10.1.0.1', '10.1.0.2', '10.2.0.1', '192.0.2.7', '2001:db8::1', '2001:db8:1::5'];
export const REPOSITORIES = [
  'a',
  'b',
  'a/b',
  'a/b/c',
  'ci/x',
  'alice/x',
  'alice/ci',
  'team/app',
  'team/app/x',
];
export const TAGS = ['v1', 'v2', 'latest'];
export const RANGES = [
  '10.0.0.0/8',
  '10.1.0.0/16',
  '10.1.0.1',
  '2001:db8::/32',
  '2001:db8:1::/48',
  '0.0.0.0/0',
];
const NAMED_RANGES = ['inside', 'outside', 'box', 'known', 'proven', 'sealed', { certificate: 'box*.corp' }];
const GLOBS = ['**', '*', 'a', 'a/*', 'a/**', '**/x', 'a/**/c', 'al*/x', 'team/**', 'a/b', 'ci/x'];
const VARIABLES = [
  '{user}/**',
  '{group}/**',
  '{user}/{group}',
  '{build.project}/**',
  '{build.project}',
  '{build.branch}/*',
  '**/{user}',
];
const TAG_GLOBS = ['*', 'v*', 'latest'];
export const AGENTS = [
  'docker/20.10.24+dfsg1 go/go1.19.8 (linux)',
  'docker/19.3.5',
  'skopeo/1.9.3',
  'curl (docker/1.0)',
];
export const CLIENTS = ['docker', 'docker < 20.10', 'docker >= 20.10.24', 'skopeo = 1.9', 'go', 'curl'];
/** In the first week of June and in December 2026. */
export const TIMES = [
  Date.UTC(2026, 5, 1, 6, 30),
  Date.UTC(2026, 5, 1, 23, 0),
  Date.UTC(2026, 5, 6, 12, 0),
  Date.UTC(2026, 11, 24, 12, 0),
];
export const WINDOWS = [
  'Mon-Fri 08:00-18:00 Europe/Berlin',
  'Sat,Sun 00:00-24:00 UTC',
  'Mon-Sun 22:00-06:00 America/New_York',
  '2026-12-20 18:00 to 2027-01-04 06:00 Europe/Berlin',
];
export const SUBJECTS: readonly Subject[] = [
  ANONYMOUS,
  { name: 'alice', kind: 'person', groups: ['ci'], method: 'password' },
  { name: 'bob', kind: 'person', groups: [], method: 'ldap' },
  { name: 'ci', kind: 'robot', groups: ['ci', 'a'], method: 'robot' },
  { name: 'alice', kind: 'person', groups: ['ci'], method: 'grant', approved: true },
  {
    name: 'ci',
    kind: 'robot',
    groups: ['ci', 'a'],
    method: 'robot',
    bounds: { repositories: ['a/**'], actions: ['pull', 'push'], tags: ['v*'], addresses: ['10.1.0.1'] },
  },
  {
    name: 'bob',
    kind: 'person',
    groups: [],
    method: 'grant',
    bounds: { repositories: ['a', '*/x'], actions: ['create'] },
  },
  build({ issuer: 'https://gitlab.corp', project: 'team/app', branch: 'main' }),
  build({ issuer: 'https://gitlab.corp', project: 'a', branch: 'feature/x' }),
];

function build(claims: BuildClaims): Subject {
  return { name: 'build', kind: 'build', groups: ['ci'], method: 'oidc', build: claims };
}

const SETS = {
  users: { staff: ['alice', 'set:more'], more: ['bob'] },
  groups: { makers: ['ci', 'a'] },
  repositories: { ours: ['a/**', 'set:theirs'], theirs: ['team/**'] },
  tags: { releases: ['v*'] },
  times: { week: [WINDOWS[0] ?? ''], freeze: [WINDOWS[3] ?? '', 'set:week'] },
};
const NETWORKS = {
  inside: ['10.0.0.0/8', 'box'],
  outside: ['192.0.2.0/24'],
  sealed: ['proven', { certificate: 'box-*.corp' }],
};
const HOSTS = {
  box: { addresses: ['10.2.0.1', '2001:db8::1'] },
  known: { certificate: 'other.corp' },
  proven: { addresses: ['10.1.0.2'], certificate: 'box.corp' },
};

const WRITING: readonly RuleAction[] = ['push', 'create', 'overwrite'];
const ANYTHING: readonly RuleAction[] = [...WRITING, 'pull', 'pull', 'delete', 'list', 'audit', 'robots'];

type Plain = Record<string, unknown>;

/** `plain`: without what few other languages of rules can say. */
export function randomDocument(random: Random, count: number, plain = false): PolicyDocument {
  const rules = Array.from({ length: count }, (_, index) => randomRule(random, index, plain));
  return policyDocument.parse({ hosts: HOSTS, networks: NETWORKS, sets: SETS, rules });
}

function randomRule(random: Random, index: number, plain: boolean): Plain {
  const denies = random.chance(0.3);
  const tagged = random.chance(0.3);
  const words = random.some(tagged ? WRITING : ANYTHING);
  const sometimes = <T>(probability: number, key: string, make: () => T): Plain =>
    random.chance(probability) ? { [key]: make() } : {};
  const few = [...GLOBS, ...(plain ? [] : [...VARIABLES, 'set:ours'])];
  const conditions = (often: number): Plain => ({
    ...sometimes(often, 'who', () => randomWho(random, plain)),
    ...sometimes(often, 'from', () => random.some([...RANGES, ...(plain ? [] : NAMED_RANGES)])),
    ...(tagged
      ? sometimes(often, 'tags', () => random.some([...TAG_GLOBS, ...(plain ? [] : ['set:releases'])]))
      : {}),
    ...(plain
      ? {}
      : {
          ...sometimes(often / 4, 'build', () => randomBuild(random)),
          ...sometimes(often / 3, 'time', () => random.some([...WINDOWS, 'set:freeze'])),
          ...(denies ? sometimes(often / 3, 'client', () => random.some(CLIENTS)) : {}),
        }),
  });
  const block = (): Plain => {
    const made = {
      ...conditions(0.5),
      ...(plain ? {} : sometimes(0.2, 'actions', () => [random.pick(words)])),
      ...sometimes(0.3, 'repositories', () => random.some(few)),
    };
    return Object.keys(made).length > 0 ? made : { repositories: [random.pick(GLOBS)] };
  };
  return {
    id: `r${String(index).padStart(3, '0')}`,
    [denies ? 'deny' : 'allow']: words,
    repositories: random.some(few),
    ...conditions(0.4),
    ...sometimes(0.2, 'unless', block),
    ...sometimes(0.15, 'unless', () => [block(), block()]),
    ...(denies ? {} : sometimes(0.15, 'bind', () => 'address')),
    ...sometimes(0.5, 'message', () => `Message of ${index}.`),
    ...sometimes(0.1, 'enforce', () => false),
  };
}

function randomWho(random: Random, plain: boolean): Plain {
  const made = {
    ...(random.chance(0.4) && { users: random.some(['alice', 'bob', ...(plain ? [] : ['set:staff'])]) }),
    ...(random.chance(0.4) && { groups: random.some(['ci', 'a', ...(plain ? [] : ['set:makers'])]) }),
    ...(random.chance(0.2) && { kinds: random.some(['anonymous', 'person', 'robot', 'build']) }),
    ...(random.chance(0.2) && { methods: random.some(['password', 'ldap', 'oidc', 'robot']) }),
    ...(random.chance(0.1) && { approved: random.chance(0.6) }),
    ...(random.chance(0.1) && { certificates: random.some(['box.corp', 'other.corp']) }),
  };
  return Object.keys(made).length > 0 ? made : { authenticated: random.chance(0.8) };
}

function randomBuild(random: Random): Plain {
  return random.chance(0.5)
    ? { project: random.some(['team/*', 'a', '**']) }
    : { issuer: ['https://gitlab.corp'], branch: random.some(['main', 'feature/*', '*']) };
}

const ACTIONS: readonly Action[] = [
  'pull',
  'pull',
  'create',
  'create',
  'overwrite',
  'delete',
  'list',
  'audit',
  'robots',
];

/** A question of which everything is known. */
export interface Known extends Question {
  readonly address: string;
  readonly repository: string;
  readonly tag: string | undefined;
  readonly time: number;
  readonly client: string | undefined;
  readonly certificates: readonly string[];
}

export function randomQuestion(random: Random): Known {
  const action = random.pick(ACTIONS);
  const address = random.pick(ADDRESSES);
  return {
    subject: random.pick(SUBJECTS),
    address,
    tokenAddress: random.chance(0.6) ? address : random.pick(ADDRESSES),
    repository: random.pick(REPOSITORIES),
    actions: [action],
    tag: action === 'create' || action === 'overwrite' ? random.pick([...TAGS, undefined]) : undefined,
    time: random.pick(TIMES),
    client: random.pick([...AGENTS, undefined]),
    certificates: random.pick([[], ['box.corp'], ['other.corp', 'box-2.corp'], ['box.corp', 'other.corp']]),
  };
}

/** Ways to know less. Each names what is taken away. */
export const FORGET: Readonly<Record<string, (question: Question) => Question>> = {
  address: (question) => ({ ...question, address: UNKNOWN }),
  repository: (question) => ({ ...question, repository: UNKNOWN }),
  tag: (question) => (isWrite(question) ? { ...question, tag: UNKNOWN } : question),
  action: (question) => (isWrite(question) ? { ...question, actions: ['create', 'overwrite'] } : question),
  time: (question) => ({ ...question, time: UNKNOWN }),
  client: (question) => ({ ...question, client: UNKNOWN }),
  certificates: (question) => ({ ...question, certificates: UNKNOWN }),
};

function isWrite({ actions }: Question): boolean {
  return actions.includes('create') || actions.includes('overwrite');
}

export function without(question: Question, lost: readonly string[]): Question {
  return lost.reduce((left, key) => FORGET[key]?.(left) ?? left, question);
}

/** The same as the rules alone see it. */
export function withoutBounds<Q extends Question>(question: Q): Q {
  const { bounds: _, ...subject } = question.subject;
  return { ...question, subject };
}

/** Knows all, or lacks some facts. */
export function randomLosses(random: Random): readonly string[] {
  return random.chance(0.4) ? [] : random.some(Object.keys(FORGET), 4);
}
