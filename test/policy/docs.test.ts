/** The examples of docs/policy.md are policies, and what its tables say of them is so. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { RULE_ACTIONS } from '../../src/policy/actions.ts';
import { decide } from '../../src/policy/decide.ts';
import { type Action, ANONYMOUS, UNKNOWN } from '../../src/policy/facts.ts';
import { matchesRepository, parseRepositoryGlob } from '../../src/policy/glob.ts';
import { policyDocument } from '../../src/policy/schema.ts';
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
    // The last example shows that rules can be tried, and pulls from anywhere are no fault.
    expect([line, report(yaml).problems, report(yaml).warnings]).toEqual([line, [], []]);
  });

  it.each(questions)('answers at line $line: $row', ({ yaml, row }) => {
    const { who = '', groups = '', from = '', does = '', repository = '', tag, answer, rules = '' } = row;
    const words = (list: string) => list.split(',').flatMap((word) => word.trim() || []);
    const actions: Action[] = does === 'push' ? ['create', 'overwrite'] : [does as Action];
    const address = from === 'unknown' ? UNKNOWN : from;
    const decision = decide(
      policyOf(yaml),
      question({
        subject: who === 'anonymous' ? ANONYMOUS : person(who, ...words(groups)),
        address,
        tokenAddress: row['token from'] ?? from,
        repository,
        // Whether the tag exists is a question of its own; the first example is about a tag that does not.
        actions,
        tag: tag === 'unknown' ? UNKNOWN : tag || undefined,
      }),
    );
    expect([decision.verdict, decision.rules]).toEqual([answer, words(rules)]);
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
