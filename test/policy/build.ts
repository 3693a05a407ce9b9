/** Builders for policies and questions: a test says only what it is about. */
import { describeProblem, readYaml } from '../../src/config/yaml.ts';
import { compilePolicy } from '../../src/policy/compile.ts';
import type { Question, Subject } from '../../src/policy/facts.ts';
import type { Policy } from '../../src/policy/policy.ts';
import { type PolicyDocument, policyDocument } from '../../src/policy/schema.ts';

export interface Report {
  readonly policy: Policy | undefined;
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
}

/** Reads and compiles the texts of files `a.yaml`, `b.yaml`, … as they would be from a folder. */
export function report(...texts: readonly string[]): Report {
  const files = texts.map((text, index) => {
    const file = `${String.fromCharCode(97 + index)}.yaml`;
    return { file, read: readYaml(text, file, policyDocument) };
  });
  const problems = files.flatMap(({ read }) => (read.ok ? [] : read.problems));
  if (problems.length > 0)
    return { policy: undefined, problems: problems.map(describeProblem), warnings: [] };
  const compiled = compilePolicy(
    files.flatMap(({ file, read }) =>
      read.ok ? [{ file, document: read.value, positionOf: read.positionOf }] : [],
    ),
  );
  if (!compiled.ok)
    return { policy: undefined, problems: compiled.problems.map(describeProblem), warnings: [] };
  return { policy: compiled.policy, problems: [], warnings: compiled.warnings.map(describeProblem) };
}

/** A policy that must be without problems. */
export function policyOf(...texts: readonly string[]): Policy {
  const { policy, problems } = report(...texts);
  if (!policy) throw new Error(problems.join('\n'));
  return policy;
}

/** Compiles documents that have no text; every place is 1:1. */
export function policyOfDocuments(...documents: readonly PolicyDocument[]): Policy {
  const compiled = compilePolicy(
    documents.map((document, index) => ({
      file: `${index}.yaml`,
      document,
      positionOf: () => ({ line: 1, column: 1 }),
    })),
  );
  if (!compiled.ok) throw new Error(compiled.problems.map(describeProblem).join('\n'));
  return compiled.policy;
}

export function person(name: string, ...groups: readonly string[]): Subject {
  return { name, kind: 'person', groups, method: 'password' };
}

/** Someone whom no rule knows, pulling from nowhere near. */
export function question(asked: Partial<Question>): Question {
  return {
    subject: person('nobody'),
    address: '203.0.113.1',
    tokenAddress: '203.0.113.1',
    repository: 'none/such',
    actions: ['pull'],
    tag: undefined,
    time: Date.UTC(2026, 10, 23, 12),
    client: undefined,
    certificates: [],
    ...asked,
  };
}

/** A rule with some lines replaced or added, in a policy that is otherwise right. */
export function withRule(lines: Readonly<Record<string, string | undefined>>): string {
  const rule = { id: 'r', allow: '[pull]', repositories: '["**"]', ...lines };
  const text = Object.entries(rule)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `    ${key}: ${value}`)
    .join('\n');
  return `rules:\n  -\n${text}\n`;
}
