/** The users as they are now: the file is looked at again when it has changed. */
import { stat } from 'node:fs/promises';
import type { Problem } from '../config/yaml.ts';
import { fingerprintOf, loadUsers, type UserList } from './users-file.ts';

export interface UsersOptions {
  readonly file: string;
  /** Milliseconds. */
  readonly now: () => number;
  /** Told once for each state of the file that cannot be used. The users stay what they were. */
  readonly onProblems: (problems: readonly Problem[]) => void;
  /** Told when a changed file has been taken over. */
  readonly onReload?: (users: UserList, warnings: readonly Problem[]) => void;
}

export interface Users {
  /** The users of the newest good state of the file, which is looked at no more than once a second. Never rejected. */
  current(): Promise<UserList>;
}

export type CreatedUsers =
  | { readonly ok: true; readonly users: Users; readonly warnings: readonly Problem[] }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** A file that was removed from keeps nobody in for longer than this. */
const LOOK_EVERY_MS = 1000;

/** Loads the file; later states of it are taken over when they are good. */
export async function createUsers(options: UsersOptions): Promise<CreatedUsers> {
  const { file, now, onProblems, onReload } = options;
  const first = await loadUsers(file);
  if (!first.ok) return { ok: false, problems: first.problems };
  let users = first.users;
  let seen = first.fingerprint;
  let lookedAt = now();
  let looking: Promise<void> | undefined;

  async function look(): Promise<void> {
    const fingerprint = await stat(file, { bigint: true }).then(fingerprintOf, () => undefined);
    if (fingerprint === seen) return;
    const loaded = await loadUsers(file);
    const known = loaded.fingerprint === seen;
    seen = loaded.fingerprint;
    if (known) return;
    if (!loaded.ok) return onProblems(loaded.problems);
    users = loaded.users;
    onReload?.(users, loaded.warnings);
  }

  return {
    ok: true,
    warnings: first.warnings,
    users: {
      async current() {
        // A clock that was set back counts as time passed.
        if (!looking && Math.abs(now() - lookedAt) >= LOOK_EVERY_MS) {
          lookedAt = now();
          looking = look().finally(() => {
            looking = undefined;
          });
        }
        await looking;
        return users;
      },
    },
  };
}
