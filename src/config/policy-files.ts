/** Loads the files of a policy, all problems at once. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Policy } from '../policy/policy.ts';
import { type PolicyText, problemsOfTexts, type ReadPolicy, readPolicy } from './policy-texts.ts';
import { describeErrno, type ReadText, readText } from './read-text.ts';
import type { Problem } from './yaml.ts';

export type LoadedPolicy =
  | {
      readonly ok: true;
      readonly policy: Policy;
      readonly warnings: readonly Problem[];
      readonly files: readonly string[];
      /** The files as they were read. */
      readonly texts: readonly PolicyText[];
    }
  | { readonly ok: false; readonly problems: readonly Problem[] };

type Listed =
  | { readonly ok: true; readonly files: readonly string[] }
  | { readonly ok: false; readonly problem: Problem };

/** Makes a policy of its texts. */
export type ReadTexts = (texts: readonly PolicyText[]) => ReadPolicy | Promise<ReadPolicy>;

/** Each path is a folder, of which all *.yaml files count, or one file of any name. All of them are one policy. */
export async function loadPolicy(
  paths: string | readonly string[],
  read: ReadText = readText,
  make: ReadTexts = readPolicy,
): Promise<LoadedPolicy> {
  const problems: Problem[] = [];
  const files = new Set<string>();
  for (const path of [paths].flat()) {
    const listed = await listPolicyFiles(path);
    if (listed.ok) for (const file of listed.files) files.add(file);
    else problems.push(listed.problem);
  }
  const texts: PolicyText[] = [];
  for (const file of files) {
    const content = await read(file);
    if (content.ok) texts.push({ file, text: content.text });
    else problems.push({ file, line: 1, column: 1, message: content.reason });
  }
  if (problems.length > 0) {
    const order = [...files];
    const all = [...problems, ...problemsOfTexts(texts)];
    return { ok: false, problems: all.sort((a, b) => order.indexOf(a.file) - order.indexOf(b.file)) };
  }
  const compiled = await make(texts);
  if (!compiled.ok) return compiled;
  const warnings = [...compiled.warnings, ...(await openToOthers([...[paths].flat(), ...files]))];
  return { ...compiled, warnings, files: [...files], texts };
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

/** The files of a policy, or of what else a folder of them holds, in the order of their names. Hidden files and the leavings of editors are none. */
export async function listPolicyFiles(path: string, otherwise = 'there is no policy'): Promise<Listed> {
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
    if (names.length === 0) return refuse(`the folder holds no *.yaml file, so ${otherwise}`);
    const files = names.map((name) => join(path, name));
    const kinds = await Promise.all(files.map((file) => stat(file).catch(() => undefined)));
    // Opening a pipe waits for a writer, and some devices have no end.
    const odd = names.find(
      (_, at) => kinds[at] !== undefined && !kinds[at].isFile() && !kinds[at].isDirectory(),
    );
    if (odd !== undefined) return refuse(`${odd} is a pipe or a device; expected a file`);
    return { ok: true, files };
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

const TRIES = 3;

/**
 * The same as `loadPolicy`, never of some files from before a change and others from after it: where they change while they
 * are read, they are read again.
 */
export async function loadSteadyPolicy(
  path: string,
  read: ReadText = readText,
  make: ReadTexts = readPolicy,
): Promise<LoadedPolicy> {
  for (let tried = 0; tried < TRIES; tried++) {
    const before = await stampPolicyFiles(path);
    const loaded = await loadPolicy(path, read, make);
    if ((await stampPolicyFiles(path)) === before) return loaded;
  }
  const message = 'the files change again and again while they are read; the next look reads them anew';
  return { ok: false, problems: [{ file: path, line: 1, column: 1, message }] };
}
