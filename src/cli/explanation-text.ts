/** An explanation for a terminal: the decision, what was known, and every rule. */
import { printable } from '../audit/printable.ts';
import { type Decision, type Question, UNKNOWN } from '../policy/facts.ts';
import type { Policy } from '../policy/policy.ts';
import type { RuleAnswer } from '../policy/why.ts';
import { textTable, wrap } from './text-table.ts';

const LABEL = 10;

export function decisionLines(
  policy: Pick<Policy, 'digest'>,
  question: Question,
  { verdict, rules, nearest, message, observed, host, bounded }: Decision,
  columns: number | undefined,
): readonly string[] {
  const facts: (readonly [string, string | undefined])[] = [
    ['by', rules.length > 0 ? rules.join(', ') : verdict === 'refused' ? reasonOf(bounded) : undefined],
    ['nearest', rules.length > 0 ? undefined : nearest],
    ['message', message],
    ['tried', observed.length > 0 ? `${observed.join(', ')} (enforce: false)` : undefined],
    ['who', whoText(question)],
    ['from', placeText(question, host)],
    ['time', question.time === UNKNOWN ? 'not known' : new Date(question.time).toISOString()],
    ['client', question.client === UNKNOWN ? 'not known' : question.client],
    ['proven', certificateText(question)],
    ['policy', policy.digest],
  ];
  const width = Math.max(40, (columns ?? 160) - LABEL - 2);
  return [
    `${verdict}: ${printable(whatText(question))}`,
    ...facts.flatMap(([label, text]) =>
      text === undefined
        ? []
        : wrap(printable(text), width).map((line, at) => `  ${(at === 0 ? label : '').padEnd(LABEL)}${line}`),
    ),
  ];
}

export function ruleLines(answers: readonly RuleAnswer[], columns: number | undefined): readonly string[] {
  const rows = answers.map(({ rule, holds, why }) => [
    rule.id,
    rule.enforce ? rule.effect : `${rule.effect} (tried)`,
    holds,
    why,
  ]);
  return textTable(['RULE', 'EFFECT', 'HOLDS', 'WHY'], rows, columns);
}

export function whatText({ actions, repository, tag }: Question): string {
  const word = actions.includes('create') && actions.includes('overwrite') ? 'push' : actions.join(' or ');
  const name = repository === UNKNOWN ? '' : ` ${repository}`;
  if (tag === UNKNOWN) return `${word}${name}, tag not known`;
  return `${word}${name}${tag === undefined ? '' : `:${tag}`}`;
}

function reasonOf(bounded: Decision['bounded']): string {
  return bounded ? 'the bounds of who asks' : 'no rule allows it';
}

function whoText({ subject: { name, kind, method, groups, build, approved = false } }: Question): string {
  if (kind === 'anonymous') return 'no login';
  const claims = Object.entries(build ?? {}).map(([claim, value]) => `${claim} ${value}`);
  return [
    `${name} (${kind}, ${method})`,
    groups.length > 0 ? `groups ${groups.join(', ')}` : 'no groups',
    ...(approved ? ['approved'] : []),
    ...(claims.length > 0 ? [`build ${claims.join(', ')}`] : []),
  ].join('; ');
}

function placeText({ address, tokenAddress }: Question, host: string | undefined): string {
  if (address === UNKNOWN) return 'not known';
  const token = tokenAddress === address ? '' : `, token from ${tokenAddress}`;
  return `${host === undefined ? address : `${host} ${address}`}${token}`;
}

function certificateText({ certificates }: Question): string | undefined {
  if (certificates === UNKNOWN) return 'not known';
  return certificates.length === 0 ? undefined : certificates.join(', ');
}
