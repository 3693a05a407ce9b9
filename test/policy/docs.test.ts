/** The examples of docs/policy.md are policies, and what its tables say of them is so. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { RULE_ACTIONS } from '../../src/policy/actions.ts';
import { decide } from '../../src/policy/decide.ts';
import {
  type Action,
  ANONYMOUS,
  type BuildClaims,
  SUBJECT_KINDS,
  type Subject,
  UNKNOWN,
} from '../../src/policy/facts.ts';
import { matchesRepository, parseRepositoryGlob } from '../../src/policy/glob.ts';
import { policyDocument } from '../../src/policy/schema.ts';
import { parseTimeWindow } from '../../src/policy/time-window.ts';
import { and, not, or, type Truth } from '../../src/policy/truth.ts';
import { person, policyOf, question, report } from './build.ts';

const text = readFileSync(new URL('../../docs/policy.md', import.meta.url), 'utf8');

interface Row {
  readonly [column: string]: string;
}

/** The table that begins at the first line of `lines` that is one; empty if a heading or an example comes before. */
function tableIn(lines: readonly string[]): readonly Row[] {
  const start = lines.findIndex((line) => line.startsWith('|'));
  const other = lines.findIndex((line) => line.startsWith('#') || line.startsWith('```'));
  if (start < 0 || (other >= 0 && other < start)) return [];
  const end = lines.findIndex((line, index) => index > start && !line.startsWith('|'));
  const [head = [], , ...rows] = lines.slice(start, end < 0 ? undefined : end).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
  return rows.map((cells) => Object.fromEntries(head.map((name, index) => [name, cells[index] ?? ''])));
}

const words = (list: string) => list.split(',').flatMap((word) => word.trim() || []);

/** Someone with a password, if the row says no more. */
function subjectOf({ who = '', groups = '', kind, method, approved, build }: Row): Subject {
  const claims = words(build ?? '').map((claim) => claim.split(' '));
  return {
    ...person(who, ...words(groups)),
    ...(kind !== undefined && { kind: SUBJECT_KINDS.find((one) => one === kind) ?? 'person' }),
    ...(method !== undefined && { method }),
    ...(approved === 'yes' && { approved: true }),
    ...(claims.length > 0 && { kind: 'build', build: Object.fromEntries(claims) as BuildClaims }),
  };
}

const examples = [...text.matchAll(/^```yaml\n([\s\S]*?)^```$/gm)].map((match) => {
  const after = text.slice((match.index ?? 0) + match[0].length).split('\n');
  const rows = tableIn(after).filter((row) => 'answer' in row);
  return { yaml: match[1] ?? '', line: text.slice(0, match.index).split('\n').length, rows };
});
const questions = examples.flatMap(({ yaml, line, rows }) => rows.map((row) => ({ yaml, line, row })));

describe('docs/policy.md', () => {
  it('has examples with questions', () => {
    expect(examples.length).toBeGreaterThanOrEqual(6);
    expect(questions.length).toBeGreaterThanOrEqual(25);
  });

  it.each(examples)('has a policy without a fault or warning at line $line', ({ yaml, line }) => {
    const { problems, warnings } = report(yaml);
    // Some examples show what is to come, and are told so.
    const unexpected = warnings.filter((warning) => !warning.includes('this version'));
    expect([line, problems, unexpected]).toEqual([line, [], []]);
  });

  it.each(questions)('answers at line $line: $row', ({ yaml, row }) => {
    const { who = '', from = '', does = '', repository = '', tag, answer, rules = '', time, client } = row;
    const { certificate } = row;
    const actions: Action[] = does === 'push' ? ['create', 'overwrite'] : [does as Action];
    const address = from === 'unknown' ? UNKNOWN : from;
    const decision = decide(
      policyOf(yaml),
      question({
        subject: who === 'anonymous' ? ANONYMOUS : subjectOf(row),
        address,
        tokenAddress: row['token from'] ?? from,
        repository: repository === 'unknown' ? UNKNOWN : repository,
        // Whether the tag exists is a question of its own; the first example is about a tag that does not.
        actions,
        tag: tag === 'unknown' ? UNKNOWN : tag || undefined,
        ...(certificate !== undefined && {
          certificates: certificate === 'unknown' ? UNKNOWN : words(certificate),
        }),
        ...(time !== undefined && { time: time === 'unknown' ? UNKNOWN : Date.parse(time) }),
        ...(client !== undefined && { client: client === 'unknown' ? UNKNOWN : client }),
      }),
    );
    expect([decision.verdict, decision.rules]).toEqual([answer, words(rules)]);
  });

  const logic = tableIn(text.slice(text.indexOf('| a | b | a and b')).split('\n'));
  const truths: Readonly<Record<string, Truth>> = { true: true, false: false, unknown: UNKNOWN };
  const truthOf = (name = ''): Truth | undefined => truths[name];

  it('has the whole truth table, and it is the one by which conditions are joined', () => {
    expect(new Set(logic.map(({ a, b }) => `${a} ${b}`)).size).toBe(9);
    for (const row of logic) {
      const [a = true, b = true] = [truthOf(row['a']), truthOf(row['b'])];
      expect([row, and([a, b]), or([a, b]), not(a)]).toEqual([
        row,
        truthOf(row['a and b']),
        truthOf(row['a or b']),
        truthOf(row['not a']),
      ]);
    }
  });

  const answers = tableIn(text.slice(text.indexOf('| an allow is')).split('\n'));

  it('has every pair of an allow and a deny', () => {
    expect(answers).toHaveLength(9);
  });

  it.each(answers)('answers $answer where an allow is $an allow is and a deny is $a deny is', (row) => {
    // True, unknown and false for a pull at an unknown address.
    const when = { true: '', unknown: 'from: [10.0.0.1]', false: 'who: { users: [nobody-else] }' };
    const rule = (id: string, truth = '') =>
      `{ id: ${id}, ${id}: [pull], repositories: ["**"], ${when[truth as keyof typeof when]} }`;
    const policy = policyOf(
      `rules: [${rule('allow', row['an allow is'])}, ${rule('deny', row['a deny is'])}]`,
    );
    expect(decide(policy, question({ address: UNKNOWN })).verdict).toBe(row['answer']);
  });

  const windows = tableIn(text.slice(text.indexOf('| window | is open')).split('\n'));

  it.each(windows)('has a window that can be read: $window', ({ window = '' }) => {
    expect(parseTimeWindow(window.replaceAll('`', ''))).toMatchObject({ ok: true });
  });

  const patterns = tableIn(text.slice(text.indexOf('| pattern | fits')).split('\n')).flatMap((row) => {
    const names = (cell = '') => [...cell.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? '');
    const [pattern = ''] = names(row['pattern']);
    return [
      ...names(row['fits']).map((name) => [pattern, name, true] as const),
      ...names(row['does not fit']).map((name) => [pattern, name, false] as const),
    ];
  });

  it.each(patterns)('is right that %s against %s is %s', (pattern, name, wanted) => {
    const parsed = parseRepositoryGlob(pattern);
    expect(parsed.ok && matchesRepository(parsed.glob, name.split('/'), ANONYMOUS)).toBe(wanted);
  });

  it('has examples of patterns', () => {
    expect(patterns.length).toBeGreaterThan(12);
  });

  it('names every action and every key', () => {
    const rule = policyDocument.shape.rules.unwrap().element;
    const host = policyDocument.shape.hosts.unwrap().valueType;
    const keys = [policyDocument, rule, host].flatMap((schema) => Object.keys(schema.shape));
    const reference = text.slice(text.indexOf('## All keys'));
    expect(keys.filter((key) => !reference.includes(`\`${key}\``))).toEqual([]);
    const words = tableIn(text.slice(text.indexOf('## Actions')).split('\n').slice(1)).map(
      (row) => row['word'],
    );
    expect(words).toEqual(RULE_ACTIONS.map((word) => `\`${word}\``));
  });
});
