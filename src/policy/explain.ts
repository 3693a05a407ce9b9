/** Why a rule holds, or does not: each condition with what it asks and what was seen. */

import { type Conditions, FACTS, type Fact } from './conditions.ts';
import { ACTIONS, type Question, UNKNOWN } from './facts.ts';
import type { Rule } from './rule.ts';
import { type Seen, see } from './seen.ts';
import type { Truth } from './truth.ts';
import { asBound, weighAll, weighBind, weighFact, weighRule } from './weigh.ts';

export interface ExplainedFact {
  readonly fact: Fact | 'bind';
  readonly truth: Truth;
  /** What the rule asks, names of sets written out. */
  readonly wanted: readonly string[];
  /** What there was; `unknown` for what is not known yet, '' for nothing. */
  readonly seen: string;
}

export interface ExplainedRule {
  readonly rule: Rule;
  readonly truth: Truth;
  /** In the order of FACTS; all must hold. */
  readonly facts: readonly ExplainedFact[];
  /** Its exceptions: where all facts of one hold, the rule does not. */
  readonly unless: readonly { readonly truth: Truth; readonly facts: readonly ExplainedFact[] }[];
}

/** @returns undefined if the question makes no sense; see `see`. */
export function explain(rules: readonly Rule[], question: Question): readonly ExplainedRule[] | undefined {
  const seen = see(question);
  return seen && rules.map((rule) => explainRule(rule, seen, question));
}

function explainRule(rule: Rule, seen: Seen, question: Question): ExplainedRule {
  const own = asBound(rule, seen);
  const bind: ExplainedFact = {
    fact: 'bind',
    truth: weighBind(rule, seen),
    wanted: [question.tokenAddress],
    seen: shown(question.address),
  };
  return {
    rule,
    truth: weighRule(rule, seen),
    facts: [...explainConditions(rule.when, own, question), ...(rule.bind ? [bind] : [])],
    unless: rule.unless.map((block) => ({
      truth: weighAll(block, own),
      facts: explainConditions(block, own, question),
    })),
  };
}

function explainConditions(conditions: Conditions, seen: Seen, question: Question): readonly ExplainedFact[] {
  return FACTS.filter((fact) => conditions[fact] !== undefined).map((fact) => ({
    fact,
    truth: weighFact(fact, conditions, seen),
    wanted: wantedOf(fact, conditions),
    seen: seenOf(fact, conditions, question),
  }));
}

/** What a condition asks, one text for each entry; names of sets written out, names of networks as they stand. */
export function wantedOf(fact: Fact, conditions: Conditions): readonly string[] {
  switch (fact) {
    case 'actions':
      return conditions.actions?.list ?? [];
    case 'authenticated':
      return conditions.authenticated === undefined ? [] : [String(conditions.authenticated)];
    case 'approved':
      return conditions.approved === undefined ? [] : [String(conditions.approved)];
    case 'build':
      return [...(conditions.build ?? [])].flatMap(([claim, globs]) =>
        globs.map(({ text }) => `${claim} ${text}`),
      );
    case 'from':
      return conditions.from?.entries.map(({ text }) => text) ?? [];
    case 'tags':
      return conditions.tags?.globs.map(({ text }) => text) ?? [];
    case 'repositories':
    case 'time':
    case 'client':
      return conditions[fact]?.map(({ text }) => text) ?? [];
    case 'users':
    case 'groups':
    case 'kinds':
    case 'methods':
    case 'certificates':
      return [...(conditions[fact] ?? [])];
  }
}

function seenOf(fact: Fact, conditions: Conditions, question: Question): string {
  const { subject } = question;
  switch (fact) {
    case 'actions':
      return ACTIONS.filter((action) => question.actions.includes(action)).join(', ');
    case 'repositories':
      return shown(question.repository);
    case 'users':
      return subject.name;
    case 'groups':
      return subject.groups.join(', ');
    case 'kinds':
      return subject.kind;
    case 'methods':
      return subject.method;
    case 'authenticated':
      return String(subject.kind !== 'anonymous');
    case 'approved':
      return String(subject.approved === true);
    case 'certificates':
      return namesShown(question.certificates);
    case 'build':
      return [...(conditions.build?.keys() ?? [])]
        .flatMap((claim) =>
          subject.build?.[claim] === undefined ? [] : [`${claim} ${subject.build[claim]}`],
        )
        .join(', ');
    case 'from': {
      const asked = (conditions.from?.places.certified.size ?? 0) > 0;
      const names = asked ? namesShown(question.certificates) : '';
      const place = shown(question.address);
      return names === '' ? place : `${place} with the certificate of ${names}`;
    }
    case 'tags':
      return shown(question.tag);
    case 'time':
      return question.time === UNKNOWN ? 'unknown' : new Date(question.time).toISOString();
    case 'client':
      return shown(question.client);
  }
}

function namesShown(names: Question['certificates']): string {
  return names === UNKNOWN ? 'unknown' : names.join(', ');
}

function shown(value: string | undefined | typeof UNKNOWN): string {
  return value === UNKNOWN ? 'unknown' : (value ?? '');
}
