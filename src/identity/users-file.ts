/** Reads the users file, and says what is wrong with it and where. */
import { open } from 'node:fs/promises';
import { type Problem, readYaml } from '../config/yaml.ts';
import { costOf, DEFAULT_COST } from './passwords.ts';
import { UsersFile } from './users-schema.ts';

/** One user of the file. */
export interface User {
  readonly name: string;
  /** bcrypt. */
  readonly password: string;
  readonly groups: readonly string[];
}

/** The users as one version of the file has them. */
export interface UserList {
  readonly byName: ReadonlyMap<string, User>;
  /** Of all their hashes; without any, that of a new one. */
  readonly highestCost: number;
}

export type ParsedUsers =
  | { readonly ok: true; readonly users: UserList }
  | { readonly ok: false; readonly problems: readonly Problem[] };

export type LoadedUsers =
  | {
      readonly ok: true;
      readonly users: UserList;
      readonly warnings: readonly Problem[];
      /** Changes when the file changes; see fingerprintOf. */
      readonly fingerprint: string;
    }
  | {
      readonly ok: false;
      readonly problems: readonly Problem[];
      readonly fingerprint: string;
      /** True when there is no such file, as before the first user. */
      readonly missing: boolean;
    };

/** Group write and everything of others. Reading by the group is a way to give a service its users, so it stays quiet. */
const TOO_OPEN = 0o027;

/** Checks the text of a users file. `file` is for the problems only. */
export function parseUsers(text: string, file: string): ParsedUsers {
  const read = readYaml(text, file, UsersFile);
  if (!read.ok) return read;
  const users = Object.entries(read.value.users).map(
    ([name, { password, groups }]): User => ({ name, password, groups: [...new Set(groups)] }),
  );
  return {
    ok: true,
    users: {
      byName: new Map(users.map((user) => [user.name, user])),
      highestCost:
        users.length === 0 ? DEFAULT_COST : Math.max(...users.map((user) => costOf(user.password))),
    },
  };
}

/** Reads the file once. A file that cannot be read is a problem like any other, never a throw. */
export async function loadUsers(file: string): Promise<LoadedUsers> {
  let handle: Awaited<ReturnType<typeof open>> | undefined;
  try {
    handle = await open(file, 'r');
    const stat = await handle.stat({ bigint: true });
    const fingerprint = fingerprintOf(stat);
    const parsed = parseUsers(await handle.readFile('utf8'), file);
    if (!parsed.ok) return { ...parsed, fingerprint, missing: false };
    const mode = Number(stat.mode & 0o777n);
    return { ...parsed, warnings: warnOfMode(file, mode), fingerprint };
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    const problems = [
      { file, line: 1, column: 1, message: `the users file cannot be read: ${reasonOf(code) ?? message}` },
    ];
    return { ok: false, problems, fingerprint: `cannot be read: ${code}`, missing: code === 'ENOENT' };
  } finally {
    await handle?.close();
  }
}

/** What tells two states of a file apart without reading it: a rename changes the inode, a write the time or the size. */
export function fingerprintOf(stat: {
  readonly ino: bigint;
  readonly size: bigint;
  readonly mtimeNs: bigint;
}): string {
  return `${stat.ino}:${stat.size}:${stat.mtimeNs}`;
}

function warnOfMode(file: string, mode: number): Problem[] {
  if ((mode & TOO_OPEN) === 0) return [];
  const message = `the password hashes are open to other users of this machine (mode ${mode.toString(8)}); chmod 600 ${file}`;
  return [{ file, line: 1, column: 1, message }];
}

/** Of the errors of open and read that a person can act on. */
export function reasonOf(code: string | undefined): string | undefined {
  switch (code) {
    case 'ENOENT':
      return 'there is no such file; `warden user add` makes it';
    case 'EACCES':
    case 'EPERM':
      return 'permission denied';
    case 'EISDIR':
      return 'it is a folder';
    case 'ENOTDIR':
      return 'a part of its path is not a folder';
    case 'EROFS':
      return 'its disk is read-only';
    case 'ENOSPC':
      return 'its disk is full';
    case 'EBUSY':
      return 'it is mounted as a single file; mount its folder instead';
    default:
      return undefined;
  }
}
