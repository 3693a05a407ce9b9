/** Finds the files of cases beside a policy. */
import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { listPolicyFiles } from '../config/policy-files.ts';
import type { PolicyText } from '../config/policy-texts.ts';
import { readText } from '../config/read-text.ts';
import type { Problem } from '../config/yaml.ts';

/** In the folder of the policy, where no rule is read from. */
export const CASES_FOLDER = 'tests';

export type LoadedTexts =
  | { readonly ok: true; readonly texts: readonly PolicyText[] }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** The folders of cases that belong to a policy of folders and files: those that are there, or else the one that is missed. */
export async function casesBeside(policy: readonly string[]): Promise<readonly string[]> {
  const places: string[] = [];
  for (const path of policy) places.push(join((await isFolder(path)) ? path : dirname(path), CASES_FOLDER));
  const folders: string[] = [];
  for (const place of new Set(places)) if (await isFolder(place)) folders.push(place);
  return folders.length > 0 ? folders : places.slice(0, 1);
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

/** Each path is a folder, of which all *.yaml files count, or one file of any name. */
export async function loadCases(paths: readonly string[]): Promise<LoadedTexts> {
  const problems: Problem[] = [];
  const texts: PolicyText[] = [];
  for (const path of paths) {
    const listed = await listPolicyFiles(path, 'there are no cases');
    if (!listed.ok) {
      problems.push(listed.problem);
      continue;
    }
    for (const file of listed.files) {
      const content = await readText(file);
      if (content.ok) texts.push({ file, text: content.text });
      else problems.push({ file, line: 1, column: 1, message: content.reason });
    }
  }
  return problems.length > 0 ? { ok: false, problems } : { ok: true, texts };
}
