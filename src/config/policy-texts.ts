/** Makes one policy of the texts of its files, wherever they were kept. */
import { assemblePolicy, compilePolicy, type PolicySource } from '../policy/compile.ts';
import type { Policy } from '../policy/policy.ts';
import type { Rule } from '../policy/rule.ts';
import { type PolicyDocument, policyDocument } from '../policy/schema.ts';
import { type Problem, readYaml } from './yaml.ts';

/** A file of a policy as it was written. */
export interface PolicyText {
  readonly file: string;
  readonly text: string;
}

export type ReadPolicy =
  | { readonly ok: true; readonly policy: Policy; readonly warnings: readonly Problem[] }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** All problems of all files at once. Pure. */
export function readPolicy(texts: readonly PolicyText[]): ReadPolicy {
  const { sources, problems } = readSources(texts);
  // Names that a broken file defines would be missed in the others, and each would be a problem of its own.
  return problems.length > 0 ? { ok: false, problems } : compilePolicy(sources);
}

/** A good policy as plain data, of which `assembleChecked` makes it again: most of the work is in finding out that it is one. */
export interface CheckedPolicy {
  readonly ok: true;
  readonly documents: readonly { readonly file: string; readonly document: PolicyDocument }[];
  /** Of the rules, by their ids. */
  readonly places: ReadonlyMap<string, Rule['place']>;
  readonly warnings: readonly Problem[];
}

/** The same as `readPolicy`, without what only the thread that decides can use. */
export function checkTexts(texts: readonly PolicyText[]): CheckedPolicy | Extract<ReadPolicy, { ok: false }> {
  const { sources, problems } = readSources(texts);
  const compiled = problems.length > 0 ? ({ ok: false, problems } as const) : compilePolicy(sources);
  if (!compiled.ok) return compiled;
  const { policy, warnings } = compiled;
  const documents = sources.map(({ file, document }) => ({ file, document }));
  return { ok: true, documents, places: new Map(policy.rules.map(({ id, place }) => [id, place])), warnings };
}

/** What `readPolicy` gives for the texts that were checked. */
export function assembleChecked({ documents, places, warnings }: CheckedPolicy): ReadPolicy {
  const sources = documents.map(({ file, document }): PolicySource => {
    const placeOf = (index: unknown) => places.get(document.rules?.[Number(index)]?.id ?? '');
    // Only rules keep their place; whatever else has one needed it for a problem, and there is none.
    return { file, document, positionOf: ([, index]) => placeOf(index) ?? { line: 1, column: 1 } };
  });
  const assembled = assemblePolicy(sources);
  return assembled.ok ? { ok: true, policy: assembled.policy, warnings } : assembled;
}

/** What is wrong with the files one by one, where others that belong to them are missing. */
export function problemsOfTexts(texts: readonly PolicyText[]): readonly Problem[] {
  return readSources(texts).problems;
}

function readSources(texts: readonly PolicyText[]): {
  readonly sources: readonly PolicySource[];
  readonly problems: readonly Problem[];
} {
  const problems: Problem[] = [];
  const sources: PolicySource[] = [];
  for (const { file, text } of texts) {
    const document = readYaml(text, file, policyDocument);
    if (document.ok) sources.push({ file, document: document.value, positionOf: document.positionOf });
    else problems.push(...document.problems);
  }
  return { sources, problems };
}
