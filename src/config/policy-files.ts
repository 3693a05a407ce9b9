/** Loads the files of a policy, all problems at once. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { compilePolicy, type PolicySource } from '../policy/compile.ts';
import type { Policy } from '../policy/policy.ts';
import { policyDocument } from '../policy/schema.ts';
import { describeErrno, type ReadText, readText } from './read-text.ts';
import { type Problem, readYaml } from './yaml.ts';

export type LoadedPolicy =
  | {
      readonly ok: true;
      readonly policy: Policy;
      readonly warnings: readonly Problem[];
      readonly files: readonly string[];
    }
  | { readonly ok: false; readonly problems: readonly Problem[] };

type Listed =
  | { readonly ok: true; readonly files: readonly string[] }
  | { readonly ok: false; readonly problem: Problem };

/** `path` is a folder, of which all *.yaml files count, or one file of any name. */
export async function loadPolicy(path: string, read: ReadText = readText): Promise<LoadedPolicy> {
  const listed = await listPolicyFiles(path);
  if (!listed.ok) return { ok: false, problems: [listed.problem] };
  const problems: Problem[] = [];
  const sources: PolicySource[] = [];
  for (const file of listed.files) {
    const content = await read(file);
    if (!content.ok) {
      problems.push({ file, line: 1, column: 1, message: content.reason });
      continue;
    }
    const document = readYaml(content.text, file, policyDocument);
    if (document.ok) sources.push({ file, document: document.value, positionOf: document.positionOf });
    else problems.push(...document.problems);
  }
  // Names that a broken file defines would be missed in the others, and each would be a problem of its own.
  if (problems.length > 0) return { ok: false, problems };
  const compiled = compilePolicy(sources);
  if (!compiled.ok) return compiled;
  const warnings = [...compiled.warnings, ...(await openToOthers([path, ...listed.files]))];
  return { ...compiled, warnings, files: listed.files };
}

/** Whoever may write the policy decides who pushes. */
async function openToOthers(paths: readonly string[]): Promise<readonly Problem[]> {
  const problems = await Promise.all(
    [...new Set(paths)].map(async (path) => {
      const mode = await stat(path).then(
        (found) => found.mode & 0o777,
        () => 0,
      );
      if ((mode & 0o002) === 0) return [];
      const message = `every user of this machine may change the policy here (mode ${mode.toString(8)}); chmod o-w ${path}`;
      return [{ file: path, line: 1, column: 1, message }];
    }),
  );
  return problems.flat();
}

/** The files of a policy in the order of their names. Hidden files and the leavings of editors are none. */
export async function listPolicyFiles(path: string): Promise<Listed> {
  const refuse = (message: string): Listed => ({
    ok: false,
    problem: { file: path, line: 1, column: 1, message },
  });
  try {
    if (!(await stat(path)).isDirectory()) return { ok: true, files: [path] };
    const shown = (await readdir(path)).filter((name) => !name.startsWith('.'));
    // A rule that denies, in a file that is passed over, would be missed by nobody until it is needed.
    const misnamed = shown.find((name) => /\.ya?ml$/i.test(name) && !name.endsWith('.yaml'));
    if (misnamed !== undefined)
      return refuse(`${misnamed} would not be read: end its name in .yaml, or take it away`);
    const names = shown.filter((name) => name.endsWith('.yaml')).sort();
    if (names.length === 0) return refuse('the folder holds no *.yaml file, so there is no policy');
    return { ok: true, files: names.map((name) => join(path, name)) };
  } catch (error) {
    return refuse(`cannot be read: ${describeErrno(error)}`);
  }
}

/**
 * A text that changes when a file of the policy is written, renamed into place, added or taken away. Inode and times in
 * nanoseconds, since editors replace a file within the second and may keep its size.
 */
export async function stampPolicyFiles(path: string): Promise<string> {
  const listed = await listPolicyFiles(path);
  if (!listed.ok) return listed.problem.message;
  const stamps = listed.files.map(async (file) => {
    try {
      const { ino, size, mtimeNs, ctimeNs } = await stat(file, { bigint: true });
      return `${file} ${ino} ${size} ${mtimeNs} ${ctimeNs}`;
    } catch (error) {
      return `${file} ${describeErrno(error)}`;
    }
  });
  return (await Promise.all(stamps)).join('\n');
}
