/** Makes one policy of the texts of its files, wherever they were kept. */
import { compilePolicy, type PolicySource } from '../policy/compile.ts';
import type { Policy } from '../policy/policy.ts';
import { policyDocument } from '../policy/schema.ts';
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
