/**
 * Logging in with name and password.
 *
 * Failures are counted for each address, and for each user at an address; never for a user alone, since then anyone
 * could keep anyone out. A point is taken before the password is looked at, so that a burst of guesses cannot be under
 * way all at once, and given back when it was right.
 */
import { createHash } from 'node:crypto';
import { WardenError } from '../errors.ts';
import { networkOf } from '../policy/address.ts';
import type { Subject } from '../policy/facts.ts';
import type { Allowance, Limit } from '../state/limits.ts';
import type { Passwords } from './passwords.ts';
import type { Users } from './users.ts';
import type { User } from './users-file.ts';

export interface LoginDeps {
  readonly users: Users;
  readonly passwords: Passwords;
  readonly limits: {
    readonly byAddress: Limit;
    readonly byUserAndAddress: Limit;
  };
}

export interface LoginAttempt {
  readonly user: string;
  readonly password: string;
  /** Canonical. */
  readonly address: string;
}

export type LoginOutcome =
  | {
      readonly ok: true;
      readonly subject: Subject;
      /** Names the stored hash that the password was checked against: what is bound to it ends with it. */
      readonly credential: string;
    }
  /** The reason is for the record; the client hears one sentence for all. */
  | { readonly ok: false; readonly reason: 'unknown user' | 'wrong password' }
  /** The sentence is there where it gives nothing away: the token was signed by its issuer. */
  | { readonly ok: false; readonly reason: 'token refused'; readonly sentence?: string };

export interface Login {
  /**
   * @throws {WardenError} TOO_MANY_REQUESTS with Retry-After when there were too many failures; OVERLOADED when too
   *   many passwords wait to be checked.
   */
  login(attempt: LoginAttempt): Promise<LoginOutcome>;
  /** The subject as it is now, if the user is still there and the password still the one it was. */
  resume(bound: { readonly name: string; readonly credential: string }): Promise<Subject | undefined>;
}

export function createLogin({ users, passwords, limits }: LoginDeps): Login {
  /** Logins under way, so that the many connections of one client cost one hash and one point. */
  const underWay = new Map<string, Promise<LoginOutcome>>();

  async function attempt(
    login: LoginAttempt,
    user: User | undefined,
    highestCost: number,
  ): Promise<LoginOutcome> {
    const network = networkOf(login.address);
    const counts = [
      { limit: limits.byAddress, key: network },
      { limit: limits.byUserAndAddress, key: JSON.stringify([login.user, network]) },
    ];
    const question = { user: login.user, password: login.password, stored: user?.password, highestCost };
    // Before anything else, also for a right password: otherwise guesses at a remembered one would be free.
    requireAllowance(await Promise.all(counts.map(({ limit, key }) => limit.look(key))));
    if (user && passwords.remembers(question)) return accept(user);
    requireAllowance(await Promise.all(counts.map(({ limit, key }) => limit.take(key))));
    const giveBack = () => Promise.all(counts.map(({ limit, key }) => limit.giveBack(key)));
    let right: boolean;
    try {
      right = await passwords.check(question);
    } catch (error) {
      // Not answered, so not failed.
      await giveBack();
      throw error;
    }
    if (!right || !user) return { ok: false, reason: user ? 'wrong password' : 'unknown user' };
    await giveBack();
    return accept(user);
  }

  return {
    async login(login) {
      const { byName, highestCost } = await users.current();
      const user = byName.get(login.user);
      const question = { user: login.user, password: login.password, stored: user?.password };
      const key = `${passwords.keyOf(question)} ${login.address}`;
      const running = underWay.get(key);
      if (running !== undefined) return await running;
      const started = attempt(login, user, highestCost).finally(() => underWay.delete(key));
      underWay.set(key, started);
      return await started;
    },
    async resume({ name, credential }) {
      const user = (await users.current()).byName.get(name);
      // Both come from our own files, and neither is a secret: no need for a comparison in constant time.
      return user && credentialOf(user) === credential ? subjectOf(user) : undefined;
    },
  };
}

function accept(user: User): LoginOutcome {
  return { ok: true, subject: subjectOf(user), credential: credentialOf(user) };
}

function requireAllowance(allowances: readonly Allowance[]): void {
  const waits = allowances.flatMap((allowance) => (allowance.ok ? [] : [allowance.retryAfterSeconds]));
  if (waits.length === 0) return;
  throw new WardenError('TOO_MANY_REQUESTS', { headers: { 'Retry-After': String(Math.max(...waits)) } });
}

/** The name is that of the file, whatever the client wrote. */
function subjectOf({ name, groups }: User): Subject {
  return { name, kind: 'person', groups, method: 'password' };
}

/** A new hash of the same password is another credential: its salt differs. */
function credentialOf({ password }: User): string {
  return createHash('sha256').update(password).digest('base64url');
}
