/** What holds for every policy and question; the reference knows rules as people read them. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { decide } from '../../src/policy/decide.ts';
import { type Action, ANONYMOUS, type Question, type Subject, UNKNOWN } from '../../src/policy/facts.ts';
import type { PolicyDocument, RuleContent, WhoContent } from '../../src/policy/schema.ts';
import { policyOfDocuments } from './build.ts';
import type { Known } from './random-policy.ts';
import { reads } from './reference.ts';

const ADDRESSES = ['10.1.0.1', '10.1.0.2', '10.2.0.1', '192.0.2.7', '2001:db8::1'] as const;
const REPOSITORIES = ['a', 'b', 'a/b', 'a/b/c', 'ci/x', 'alice/x', 'alice/ci'] as const;
const TAGS = ['v1', 'v2', 'latest'] as const;
const RANGES = ['10.0.0.0/8', '10.1.0.0/16', '10.1.0.1', '2001:db8::/32', '0.0.0.0/0'] as const;
const GLOBS = ['**', '*', 'a', 'a/*', 'a/**', '**/x', '{user}/**', '{group}/**', '{user}/{group}'] as const;
const TAG_GLOBS = ['*', 'v*', 'latest'] as const;
const SUBJECTS: readonly Subject[] = [
  ANONYMOUS,
  { name: 'alice', kind: 'person', groups: ['ci'], method: 'password' },
  { name: 'bob', kind: 'person', groups: [], method: 'password' },
  { name: 'ci', kind: 'robot', groups: ['ci', 'a'], method: 'robot' },
  {
    name: 'ci',
    kind: 'robot',
    groups: ['ci'],
    method: 'grant',
    approved: true,
    bounds: { repositories: ['a/**'], actions: ['pull', 'push'], tags: ['v*'], addresses: ['10.1.0.1'] },
  },
];

type Defined<T> = { -readonly [K in keyof T]: NonNullable<T[K]> };

/** An optional key that is absent rather than undefined. */
function sometimes<T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> {
  return fc.oneof({ weight: 4, arbitrary: fc.constant(undefined) }, { weight: 2, arbitrary });
}

function some<T>(values: readonly T[]): fc.Arbitrary<T[]> {
  return fc.subarray([...values], { minLength: 1, maxLength: Math.min(3, values.length) });
}

function withoutAbsent<T extends object>(value: T): Partial<Defined<T>> {
  return Object.fromEntries(Object.entries(value).filter(([, inner]) => inner !== undefined)) as Partial<
    Defined<T>
  >;
}

const who = fc
  .record({
    users: sometimes(some(['alice', 'bob'])),
    groups: sometimes(some(['ci', 'a'])),
    kinds: sometimes(some(['anonymous', 'person', 'robot'] as const)),
    authenticated: sometimes(fc.boolean()),
    approved: sometimes(fc.boolean()),
  })
  .map((value) => withoutAbsent(value) as WhoContent)
  .filter((value) => Object.keys(value).length > 0);

const writes = some(['push', 'create', 'overwrite'] as const);
const anything = some(['pull', 'push', 'create', 'overwrite', 'delete', 'list', 'audit'] as const);

const rule = (index: number): fc.Arbitrary<RuleContent> =>
  fc.boolean().chain((tagged) =>
    fc
      .record({
        effect: fc.constantFrom('allow', 'allow', 'deny'),
        words: tagged ? writes : anything,
        repositories: some(GLOBS),
        tags: tagged ? sometimes(some(TAG_GLOBS)) : fc.constant(undefined),
        who: sometimes(who),
        from: sometimes(some(RANGES)),
        unless: sometimes(
          fc
            .record({
              who: sometimes(who),
              from: sometimes(some(RANGES)),
              tags: tagged ? sometimes(some(TAG_GLOBS)) : fc.constant(undefined),
            })
            .map(withoutAbsent)
            .filter((value) => Object.keys(value).length > 0),
        ),
        bind: sometimes(fc.constant('address' as const)),
      })
      .map(({ effect, words, bind, ...rest }) => {
        const bound = effect === 'allow' && bind !== undefined ? { bind } : {};
        return {
          id: `r${index}`,
          enforce: true,
          [effect]: words,
          ...bound,
          ...withoutAbsent(rest),
        } as RuleContent;
      }),
  );

const rules = fc
  .integer({ min: 1, max: 4 })
  .chain((count) => fc.tuple(...Array.from({ length: count }, (_, i) => rule(i))));

const known: fc.Arbitrary<Known> = fc
  .record({
    subject: fc.constantFrom(...SUBJECTS),
    address: fc.constantFrom(...ADDRESSES),
    tokenAddress: fc.constantFrom(...ADDRESSES),
    repository: fc.constantFrom(...REPOSITORIES),
    action: fc.constantFrom<Action>('pull', 'create', 'overwrite', 'delete', 'list', 'audit'),
    tag: fc.constantFrom(...TAGS, undefined),
  })
  .map(({ action, tag, ...rest }) => {
    const written = action === 'create' || action === 'overwrite';
    return {
      ...rest,
      actions: [action],
      tag: written ? tag : undefined,
      time: 0,
      client: undefined,
      certificates: [],
    };
  });

/** Ways to know less. Each names what is taken away. */
const forget: Readonly<Record<string, (question: Question) => Question>> = {
  address: (question) => ({ ...question, address: UNKNOWN }),
  repository: (question) => ({ ...question, repository: UNKNOWN }),
  tag: (question) => (isWrite(question) ? { ...question, tag: UNKNOWN } : question),
  action: (question) => (isWrite(question) ? { ...question, actions: ['create', 'overwrite'] } : question),
};
const losses = fc.subarray(Object.keys(forget), { minLength: 0 });

function isWrite({ actions }: Question): boolean {
  return actions.includes('create') || actions.includes('overwrite');
}

function without(question: Question, lost: readonly string[]): Question {
  return lost.reduce((left, key) => forget[key]?.(left) ?? left, question);
}

/** Every question that this one may turn out to be. */
function completions(question: Question): Known[] {
  const always = { time: 0, client: undefined, certificates: [] };
  const { address, repository, tag } = question;
  const addresses = address === UNKNOWN ? ADDRESSES : [address];
  const repositories = repository === UNKNOWN ? REPOSITORIES : [repository];
  const tags = tag === UNKNOWN ? [...TAGS, undefined] : [tag];
  return question.actions.flatMap((action) =>
    addresses.flatMap((a) =>
      repositories.flatMap((r) =>
        tags.map((t) => ({ ...question, ...always, actions: [action], address: a, repository: r, tag: t })),
      ),
    ),
  );
}

const RUNS = { numRuns: 800 };

describe('for every policy and question', () => {
  it('a question with all facts known is granted or refused, as the reference reads the rules', () => {
    const tally = { granted: 0, refused: 0, possible: 0 };
    fc.assert(
      fc.property(rules, known, (list, question) => {
        const { verdict } = decide(policyOfDocuments({ rules: list }), question);
        tally[verdict]++;
        expect(verdict).toBe(reads({ rules: list }, question) ? 'granted' : 'refused');
      }),
      RUNS,
    );
    expect(tally.possible).toBe(0);
    expect(Math.min(tally.granted, tally.refused)).toBeGreaterThan(10);
  });

  it('granted means granted whatever the unknown facts turn out to be, refused means refused', () => {
    const tally = { granted: 0, refused: 0, possible: 0 };
    fc.assert(
      fc.property(rules, known, losses, (list, question, lost) => {
        const early = without(question, lost);
        const { verdict } = decide(policyOfDocuments({ rules: list }), early);
        tally[verdict]++;
        const later = new Set(completions(early).map((one) => reads({ rules: list }, one)));
        if (verdict === 'granted') expect([...later]).toEqual([true]);
        if (verdict === 'refused') expect([...later]).toEqual([false]);
      }),
      RUNS,
    );
    expect(Math.min(tally.granted, tally.refused, tally.possible)).toBeGreaterThan(10);
  });

  it('possible does not promise that a case is open: rules are weighed one by one', () => {
    const both = policyOfDocuments({
      rules: [
        { id: 'new', allow: ['create'], repositories: ['**'], enforce: true },
        { id: 'old', allow: ['overwrite'], repositories: ['**'], enforce: true },
      ],
    });
    const question: Question = {
      subject: ANONYMOUS,
      address: '10.1.0.1',
      tokenAddress: '10.1.0.1',
      repository: 'a',
      actions: ['create', 'overwrite'],
      tag: 'v1',
      time: 0,
      client: undefined,
      certificates: [],
    };
    expect(decide(both, question).verdict).toBe('possible');
    expect(completions(question).map((one) => decide(both, one).verdict)).toEqual(['granted', 'granted']);
  });

  it('to know less never refuses what was not refused, and never grants what was not granted', () => {
    let moved = 0;
    fc.assert(
      fc.property(rules, known, losses, losses, (list, question, lost, more) => {
        const policy = policyOfDocuments({ rules: list });
        const before = decide(policy, without(question, lost)).verdict;
        const after = decide(policy, without(question, [...lost, ...more])).verdict;
        if (before !== after) moved++;
        if (before !== 'refused') expect(after).not.toBe('refused');
        if (before !== 'granted') expect(after).not.toBe('granted');
      }),
      RUNS,
    );
    expect(moved).toBeGreaterThan(10);
  });

  it('neither the order of rules nor the files they stand in change the decision', () => {
    fc.assert(
      fc.property(rules, known, losses, fc.infiniteStream(fc.nat(100)), (list, question, lost, stream) => {
        const keys = new Map(list.map((one) => [one, stream.next().value ?? 0]));
        const shuffled = [...list].sort((a, b) => (keys.get(a) ?? 0) - (keys.get(b) ?? 0));
        const files: PolicyDocument[] = shuffled.map((one) => ({ rules: [one] }));
        const asked = without(question, lost);
        const one = policyOfDocuments({ rules: list });
        const other = policyOfDocuments(...files);
        expect(decide(other, asked)).toEqual(decide(one, asked));
        expect(other.digest).toBe(one.digest);
      }),
      RUNS,
    );
  });

  it('a rule that is not enforced changes nothing but what is observed', () => {
    fc.assert(
      fc.property(rules, rule(99), known, losses, (list, extra, question, lost) => {
        const asked = without(question, lost);
        const one = decide(policyOfDocuments({ rules: list }), asked);
        const other = decide(policyOfDocuments({ rules: [...list, { ...extra, enforce: false }] }), asked);
        expect({ ...other, observed: [] }).toEqual(one);
      }),
      RUNS,
    );
  });
});
