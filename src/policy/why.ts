/** Says in words why rules hold or do not: the first condition that failed, what it expected and what was seen. */
import type { Fact } from './conditions.ts';
import { type ExplainedFact, type ExplainedRule, explain } from './explain.ts';
import { type Question, UNKNOWN } from './facts.ts';
import type { Policy } from './policy.ts';
import type { Rule } from './rule.ts';
import type { Truth } from './truth.ts';

export interface RuleAnswer {
  readonly rule: Rule;
  readonly explained: ExplainedRule;
  readonly holds: 'yes' | 'no' | 'unknown';
  /** One sentence without its end; '' for a rule that holds. */
  readonly why: string;
  /** Whether it speaks of what was asked, so that the rest is about who, from where and when. */
  readonly concerns: boolean;
}

/** As the policy's files call them. */
const WORDS: Readonly<Record<Fact | 'bind', string>> = {
  actions: 'action',
  repositories: 'repository',
  users: 'user',
  groups: 'groups',
  kinds: 'kind',
  methods: 'method',
  authenticated: 'authenticated',
  approved: 'approved',
  certificates: 'certificate',
  build: 'build',
  from: 'from',
  tags: 'tag',
  time: 'time',
  client: 'client',
  bind: 'bind',
};

/** Of a long list the first of them say what is meant. */
const NAMED = 6;

/**
 * Every rule with its answer: those that hold first, then those that may, then the allows by how little failed, then the denies. Undefined where the
 * question makes no sense.
 */
export function answersOf(
  { rules }: Pick<Policy, 'rules'>,
  question: Question,
): readonly RuleAnswer[] | undefined {
  const order = { yes: 0, unknown: 1, no: 2 } as const;
  return explain(rules, question)
    ?.map(answerOf)
    .toSorted(
      (a, b) =>
        order[a.holds] - order[b.holds] ||
        Number(b.concerns) - Number(a.concerns) ||
        // A deny that does not hold stands in nobody's way.
        Number(a.rule.effect === 'deny') - Number(b.rule.effect === 'deny') ||
        failures(a.explained) - failures(b.explained),
    );
}

function answerOf(explained: ExplainedRule): RuleAnswer {
  const { rule, truth, facts } = explained;
  const concerns = facts.every(
    ({ fact, truth }) => truth !== false || (fact !== 'actions' && fact !== 'repositories'),
  );
  return { rule, explained, holds: wordFor(truth), why: whyOf(explained), concerns };
}

function whyOf({ truth, facts, unless }: ExplainedRule): string {
  if (truth === true) return '';
  const failed = facts.find((fact) => fact.truth === false);
  if (failed) return sentenceOf(failed);
  const excepted = unless.find((block) => block.truth === true);
  if (excepted) return `excepted by unless: ${excepted.facts.map(holding).join(', ')}`;
  const open = facts.filter((fact) => fact.truth === UNKNOWN);
  const blocks = unless.filter((block) => block.truth === UNKNOWN);
  const exceptions = blocks.flatMap((block) => block.facts.filter((fact) => fact.truth === UNKNOWN));
  return [
    ...open.map((fact) => `${WORDS[fact.fact]} is not known; expected ${listOf(fact.wanted)}`),
    ...exceptions.map(
      (fact) => `${WORDS[fact.fact]} is not known; excepted where it is ${listOf(fact.wanted)}`,
    ),
  ].join('; ');
}

function sentenceOf({ fact, wanted, seen }: ExplainedFact): string {
  if (fact === 'bind') return `bind: the token was fetched from ${listOf(wanted)}; used from ${seen}`;
  if (fact === 'authenticated')
    return wanted[0] === 'true' ? 'needs a login; there was none' : 'holds without a login only';
  if (fact === 'approved')
    return wanted[0] === 'true'
      ? 'needs an approved grant; there was none'
      : 'holds without an approval only';
  return `${WORDS[fact]}: expected ${listOf(wanted)}; seen ${seen === '' ? 'none' : seen}`;
}

function holding({ fact, seen }: ExplainedFact): string {
  return `${WORDS[fact]} ${seen === '' ? 'none' : seen}`;
}

export function listOf(words: readonly string[]): string {
  const more = words.length - NAMED;
  return more > 0 ? `${words.slice(0, NAMED).join(', ')} and ${more} more` : words.join(', ');
}

export function wordFor(truth: Truth): RuleAnswer['holds'] {
  if (truth === UNKNOWN) return 'unknown';
  return truth ? 'yes' : 'no';
}

function failures({ facts, unless }: ExplainedRule): number {
  return (
    facts.filter(({ truth }) => truth === false).length + unless.filter(({ truth }) => truth === true).length
  );
}
