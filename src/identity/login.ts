/**
 * Logging in with name and password: the users of the file, and those of a directory where there is one.
 *
 * A name that stands in the file is checked against the file alone, and nobody of the directory is taken for them:
 * otherwise whoever may make accounts there could make one of the name of a builder.
 *
 * Failures are counted, and too many of them are refused before the password is looked at: see guess-guard.ts.
 */
import { createHash } from 'node:crypto';
import type { Subject, Via } from '../policy/facts.ts';
import { createGuessGuard, type GuessLimits } from './guess-guard.ts';
import type { Directory, Person } from './ldap/directory.ts';
import { foldName } from './ldap/names.ts';
import type { Passwords } from './passwords.ts';
import type { Users } from './users.ts';
import type { User, UserList } from './users-file.ts';

export interface LoginDeps {
  readonly users: Users;
  readonly passwords: Passwords;
  /** Undefined where people come from the file alone. */
  readonly directory?: Directory | undefined;
  /** Waits before a failed login is answered, given how many milliseconds it took. */
  readonly delayRefusal?: (tookMs: number) => Promise<void>;
  /** Whether a robot has this name, in the form of `foldName`. */
  readonly isRobot?: (name: string) => boolean;
  /** Told of somebody in the directory whose name stands in the file, or is that of a robot. */
  readonly onCollision?: () => void;
  readonly limits: GuessLimits;
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
      /** The robot or the grant that it was, by its id; absent for everyone else. */
      readonly via?: Via;
      /** When the credential ends by itself, in milliseconds since 1970: nothing that comes of it lasts longer. */
      readonly notAfter?: number;
    }
  /** The reason is for the record; the client hears one sentence for all. */
  | { readonly ok: false; readonly reason: 'unknown user' }
  | {
      readonly ok: false;
      readonly reason: 'wrong password';
      /** As the file or the directory has it. */
      readonly name: string;
      readonly method: PasswordMethod;
    }
  /** The sentence is there where it gives nothing away: the token was signed by its issuer. */
  | { readonly ok: false; readonly reason: 'token refused'; readonly sentence?: string }
  /** The password of a push grant was right, and something else is not: its holder may know. */
  | {
      readonly ok: false;
      readonly reason: 'grant refused';
      readonly name: string;
      readonly sentence: string;
    };

/** Where the password was checked: the users file, a directory, or among the robots or the grants. */
export type PasswordMethod = 'password' | 'ldap' | 'robot' | 'grant';

export interface Login {
  /**
   * @throws {WardenError} TOO_MANY_REQUESTS with Retry-After when there were too many failures; OVERLOADED when too
   *   many passwords wait to be checked; DIRECTORY_UNAVAILABLE for a name that is not in the file while the directory does
   *   not answer.
   */
  login(attempt: LoginAttempt): Promise<LoginOutcome>;
  /**
   * The subject as it is now, if the user is still there and the password still the one it was.
   *
   * @throws {WardenError} DIRECTORY_UNAVAILABLE, OVERLOADED for somebody of the directory.
   */
  resume(bound: { readonly name: string; readonly credential: string }): Promise<Subject | undefined>;
  /** Forgets which passwords were right, and what was read of people: the next login of each is checked as a first one. */
  forget(): void;
}

export function createLogin(deps: LoginDeps): Login {
  const { users, passwords, directory, delayRefusal, isRobot, onCollision } = deps;
  const guard = createGuessGuard(deps.limits);
  /** Logins under way, so that the many connections of one client cost one hash and one point. */
  const underWay = new Map<string, Promise<LoginOutcome>>();

  async function attempt(login: LoginAttempt, { byName, highestCost }: UserList): Promise<LoginOutcome> {
    const user = byName.get(login.user);
    const question = { user: login.user, password: login.password, stored: user?.password, highestCost };
    // Before anything else, also for a right password: otherwise guesses at a remembered one would be free.
    await guard.look(login);
    if (user && passwords.remembers(question)) return accept(user);
    await guard.take(login);
    let outcome: LoginOutcome;
    try {
      if (user || !directory) outcome = judge(user, await passwords.check(question));
      else outcome = await askDirectory(directory, login, byName);
    } catch (error) {
      // Not answered, so not failed.
      await guard.giveBack(login);
      throw error;
    }
    await (outcome.ok ? guard.succeeded(login) : guard.failed(login));
    return outcome;
  }

  async function askDirectory(
    source: Directory,
    { user, password }: LoginAttempt,
    byName: UserList['byName'],
  ): Promise<LoginOutcome> {
    const found = await source.login(user, password);
    if (found === undefined || collides(found.person, byName)) return { ok: false, reason: 'unknown user' };
    const { person, right } = found;
    return right
      ? { ok: true, subject: subjectOfPerson(person), credential: person.credential }
      : { ok: false, reason: 'wrong password', name: person.name, method: 'ldap' };
  }

  /** Also in another spelling: in a rule, in the record and to a reader they would look like one. */
  function collides({ name }: Person, byName: UserList['byName']): boolean {
    const folded = foldName(name);
    if (!byName.has(name) && !byName.has(folded) && !isRobot?.(folded)) return false;
    onCollision?.();
    return true;
  }

  /** With a directory, the ways to a refusal differ in what they ask; what they take must not tell which it was. */
  async function attemptEvenly(login: LoginAttempt, list: UserList): Promise<LoginOutcome> {
    const started = performance.now();
    const outcome = await attempt(login, list);
    if (!outcome.ok) await delayRefusal?.(performance.now() - started);
    return outcome;
  }

  return {
    async login(login) {
      const list = await users.current();
      const stored = list.byName.get(login.user)?.password;
      const question = { user: login.user, password: login.password, stored };
      const key = `${passwords.keyOf(question)} ${login.address}`;
      const running = underWay.get(key);
      if (running !== undefined) return await running;
      const started = attemptEvenly(login, list).finally(() => underWay.delete(key));
      underWay.set(key, started);
      return await started;
    },
    forget() {
      passwords.forget();
      directory?.forget();
    },
    async resume({ name, credential }) {
      const { byName } = await users.current();
      // Those of the file have no colon.
      if (credential.startsWith('ldap:')) {
        const person = await directory?.find(name);
        const same = person && person.name === name && person.credential === credential;
        return same && !collides(person, byName) ? subjectOfPerson(person) : undefined;
      }
      const user = byName.get(name);
      // Both come from our own files, and neither is a secret: no need for a comparison in constant time.
      return user && credentialOf(user) === credential ? subjectOf(user) : undefined;
    },
  };
}

function judge(user: User | undefined, right: boolean): LoginOutcome {
  if (user === undefined) return { ok: false, reason: 'unknown user' };
  return right ? accept(user) : { ok: false, reason: 'wrong password', name: user.name, method: 'password' };
}

function accept(user: User): LoginOutcome {
  return { ok: true, subject: subjectOf(user), credential: credentialOf(user) };
}

/** The name is that of the file, whatever the client wrote. */
function subjectOf({ name, groups }: User): Subject {
  return { name, kind: 'person', groups, method: 'password' };
}

function subjectOfPerson({ name, groups }: Person): Subject {
  return { name, kind: 'person', groups, method: 'ldap' };
}

/** A new hash of the same password is another credential: its salt differs. */
function credentialOf({ password }: User): string {
  return createHash('sha256').update(password).digest('base64url');
}
