/**
 * Logging in as a robot, or with a push grant.
 *
 * The right secret is taken whatever has failed before: it cannot be guessed, so the mistakes of one job at a host must not keep
 * the others there out. A wrong one goes the way of any name and password that nobody has: it is counted as those are, and
 * answered in the same time with the same words, so that nothing tells which robots there are.
 */
import { WardenError } from '../errors.ts';
import type { Via } from '../policy/facts.ts';
import { isOpen, type KnownGrant, subjectOfGrant } from './grants/grant.ts';
import type { Grants } from './grants/grants.ts';
import type { Login, LoginAttempt, LoginOutcome } from './login.ts';
import { counts, secretOf, subjectOfRobot } from './robots/robot.ts';
import type { Robots } from './robots/robots.ts';
import { isSecret, looksLikeSecret } from './secret.ts';
import type { Users } from './users.ts';

export interface MachineLoginDeps {
  readonly users: Users;
  readonly robots: Pick<Robots, 'find' | 'use'>;
  readonly grants: Pick<Grants, 'get'>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Whether something that was begun then (in milliseconds since 1970) by this subject, robot or grant is revoked. */
  readonly revokesLogin: (login: {
    readonly subject: { readonly name: string };
    readonly via: Via;
    readonly at: number;
  }) => boolean;
  /** Everyone else logs in there. */
  readonly otherwise: Login;
  /** Told of a robot whose name stands in the users file: it cannot log in. */
  readonly onCollision: (name: string) => void;
}

const ROBOT = 'robot:';
/** The user name of a grant is its id. */
const GRANT_ID = /^g[0-9a-f]{20}$/;

export function createMachineLogin(deps: MachineLoginDeps): Login {
  const { users, robots, grants, now, revokesLogin, otherwise, onCollision } = deps;

  async function login(attempt: LoginAttempt): Promise<LoginOutcome> {
    const { user } = attempt;
    const robot = robots.find(user);
    if (robot !== undefined) {
      // A name that stands in the file is checked against the file alone.
      if ((await users.current()).byName.has(user)) {
        onCollision(user);
        return otherwise.login(attempt);
      }
      const secret = looksLikeSecret('robot', attempt.password) && secretOf(robot, attempt.password, now());
      if (!secret) return refusedAs(attempt, { name: user, method: 'robot' });
      robots.use(user, attempt.address);
      return {
        ok: true,
        subject: subjectOfRobot(user, robot),
        credential: ROBOT + secret.id,
        via: { robot: user },
        notAfter: Math.min(robot.expiresAt, secret.until ?? Infinity),
      };
    }
    if (!GRANT_ID.test(user) || !looksLikeSecret('grant', attempt.password)) return otherwise.login(attempt);
    return loginByGrant(attempt);
  }

  async function loginByGrant(attempt: LoginAttempt): Promise<LoginOutcome> {
    const grant = await lookUp(attempt.user);
    if (grant === undefined || !isSecret(grant.hash, attempt.password))
      return refusedAs(attempt, grant && { name: grant.id, method: 'grant' });
    const groups = await groupsOfOwner(grant);
    const sentence = whyNot(grant, groups !== undefined, attempt.address);
    if (sentence !== undefined) return { ok: false, reason: 'grant refused', name: grant.id, sentence };
    return {
      ok: true,
      subject: subjectOfGrant(grant, groups),
      credential: '',
      via: viaOf(grant),
      notAfter: grant.expiresAt,
    };
  }

  async function lookUp(id: string): Promise<KnownGrant | undefined> {
    try {
      return await grants.get(id);
    } catch (cause) {
      const sentence = 'push grants cannot be looked up now; other logins and pulls go on';
      throw new WardenError('DIRECTORY_UNAVAILABLE', { sentence, cause });
    }
  }

  function whyNot(grant: KnownGrant, owned: boolean, address: string): string | undefined {
    if (revokesLogin({ subject: grant.owner, via: viaOf(grant), at: grant.created }))
      return 'this push grant has ended';
    if (grant.state === 'pending' && now() < grant.expiresAt) return 'this push grant is not approved yet';
    if (grant.state === 'used-up') return 'this push grant is used up';
    if (!isOpen(grant, now())) return 'this push grant has ended';
    if (!owned) return 'this push grant has ended with the login that asked for it';
    return grant.addresses.includes(address) ? undefined : 'this push grant works from another host only';
  }

  /** The groups of now; undefined where who asked for the grant can no longer log in. */
  async function groupsOfOwner({ owner }: KnownGrant): Promise<readonly string[] | undefined> {
    if (owner.credential === '') return owner.groups;
    return (await resume(owner))?.groups;
  }

  /** Counted and answered as a name that nobody has; then told for the record as what it was. */
  async function refusedAs(
    attempt: LoginAttempt,
    known: { readonly name: string; readonly method: 'robot' | 'grant' } | undefined,
  ): Promise<LoginOutcome> {
    const outcome = await otherwise.login(attempt);
    if (known === undefined) return outcome;
    return { ok: false, reason: 'wrong password', ...known };
  }

  const resume: Login['resume'] = async (bound) => {
    const { name, credential } = bound;
    if (!credential.startsWith(ROBOT)) return otherwise.resume(bound);
    const robot = robots.find(name);
    const secret = robot?.secrets.find(({ id }) => ROBOT + id === credential);
    if (robot === undefined || secret === undefined || !counts(secret, now())) return undefined;
    return (await users.current()).byName.has(name) ? undefined : subjectOfRobot(name, robot);
  };

  return { login, resume, forget: () => otherwise.forget() };
}

/** Of a robot's grant also the robot: what ends the robot ends the tokens of its grants. */
function viaOf({ id, owner }: KnownGrant): Via {
  return { grant: id, ...(owner.method === 'robot' && { robot: owner.name }) };
}
