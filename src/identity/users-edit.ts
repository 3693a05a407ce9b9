/** Changes the users file, and leaves everything else in it as it was: comments, order, the way it is written. */
import { type Document, isMap, parseDocument, type YAMLMap } from 'yaml';
import type { Problem } from '../config/yaml.ts';
import { FileLocked, replaceFile } from './replace-file.ts';
import { parseUsers, reasonOf, type UserList } from './users-file.ts';

/** A change of one user; what is left out stays. */
export type UserChange =
  | {
      readonly do: 'put';
      readonly name: string;
      readonly password?: string;
      readonly groups?: readonly string[];
    }
  | { readonly do: 'remove'; readonly name: string };

export type EditedUsers =
  | { readonly ok: true }
  /** `refusal` is the sentence of who decided; `problems` are those of the file. One of the two is empty. */
  | { readonly ok: false; readonly refusal: string; readonly problems: readonly Problem[] };

/** What a file begins as that is made here. */
const EMPTY = `# Users of Registry Warden. \`warden user add|passwd|groups|remove\` edits this file; so may you.
# Changes take effect within a second or two, without a restart.

users: {}
`;

/**
 * Changes the file as it is at that moment, alone. `decide` sees the users in it, and answers with the change or with
 * the sentence why there is none.
 */
export async function editUsers(
  file: string,
  decide: (users: UserList) => UserChange | string,
): Promise<EditedUsers> {
  let problems: readonly Problem[] = [];
  let refusal = '';
  const fail = (message: string): void => {
    problems = [{ file, line: 1, column: 1, message }];
  };
  try {
    await replaceFile(file, (text) => {
      const written = text.trim() === '' ? EMPTY : text;
      const before = parseUsers(written, file);
      if (!before.ok) {
        problems = before.problems;
        return undefined;
      }
      const document = parseDocument(written);
      const change = decide(before.users);
      if (typeof change === 'string') {
        refusal = change;
        return undefined;
      }
      apply(document, change);
      const changed = document.toString({ lineWidth: 0 });
      const after = parseUsers(changed, file);
      if (after.ok) return changed;
      problems = after.problems;
      return undefined;
    });
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    if (error instanceof FileLocked) fail(message);
    else if (code === undefined) throw error;
    else fail(`the users file cannot be changed: ${reasonOf(code) ?? message}`);
  }
  return problems.length === 0 && refusal === '' ? { ok: true } : { ok: false, refusal, problems };
}

function apply(document: Document.Parsed, change: UserChange): void {
  const users = document.get('users') as YAMLMap; // parseUsers has accepted the document
  if (change.do === 'remove') {
    users.delete(change.name);
    return;
  }
  // An empty map is written {}, and what is added to it would stay on that line.
  if (users.items.length === 0) users.flow = false;
  const { name, password, groups } = change;
  if (!isMap(users.get(name, true))) users.set(name, document.createNode({}));
  if (password !== undefined) document.setIn(['users', name, 'password'], password);
  if (groups !== undefined) {
    document.setIn(['users', name, 'groups'], document.createNode([...groups], { flow: true }));
  }
}
