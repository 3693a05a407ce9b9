/**
 * Who may make, change and end robots, over the API.
 *
 * A rule must allow the action `robots` for all repositories of the robot. What it gets is no wider than what its maker
 * has: see policy/entitled.ts for what exactly is proved. Who rotates one is given a secret of it, so the same is asked of
 * them. Whoever has the files needs none of this.
 */
import { WardenError } from '../../errors.ts';
import { spellOut } from '../../policy/actions.ts';
import { mayEverywhere, mayGive } from '../../policy/entitled.ts';
import type { Policy } from '../../policy/policy.ts';
import type { Asker } from '../asker.ts';
import { faultOfRobot, type NewRobot, subjectOfRobot } from './robot.ts';
import type { KnownRobot, Robots } from './robots.ts';

export interface AdministerRobotsDeps {
  readonly robots: Robots;
  readonly policy: () => Policy;
  readonly limits: RobotLimits;
  /** Who has this name already, in words; undefined for nobody. @throws {WardenError} where that cannot be told. */
  readonly takenBy: (name: string) => Promise<string | undefined>;
}

export interface RobotLimits {
  /** From now to the expiry of a new robot. */
  readonly maximumMs: number;
  /** For which two secrets may count. */
  readonly maximumOverlapMs: number;
}

type RobotRights = Pick<NewRobot, 'name' | 'groups' | 'repositories' | 'actions'>;

export interface AdministerRobots {
  /** Those that the asker may manage. */
  list(asker: Asker): readonly KnownRobot[];
  /** @returns the secret. @throws {WardenError} REQUEST_MALFORMED, POLICY_DENIED, NAME_TAKEN */
  create(asker: Asker, robot: NewRobot): Promise<string>;
  /**
   * @throws {WardenError} REQUEST_MALFORMED, ENTRY_UNKNOWN also where the asker may not manage it, POLICY_DENIED where it has
   *   more than the asker.
   */
  rotate(
    asker: Asker,
    name: string,
    overlapMs: number,
  ): Promise<{ readonly secret: string; readonly oldUntil: number }>;
  /** @throws {WardenError} as rotate. */
  revoke(asker: Asker, name: string): Promise<void>;
}

export function createAdministerRobots(deps: AdministerRobotsDeps): AdministerRobots {
  const { robots, policy, limits, takenBy } = deps;

  function mayManage(asker: Asker, repositories: readonly string[]): boolean {
    return firstBeyond(policy(), asker, repositories) === undefined;
  }

  function requireOwn(asker: Asker, name: string): KnownRobot {
    const robot = robots.list().find((one) => one.name === name);
    if (robot === undefined || !mayManage(asker, robot.bounds.repositories))
      throw new WardenError('ENTRY_UNKNOWN', { sentence: `there is no robot ${name} that you may manage` });
    return robot;
  }

  function requireWithin(asker: Asker, robot: RobotRights): void {
    const beyond = whyBeyond(policy(), asker, robot);
    if (beyond !== undefined) throw new WardenError('POLICY_DENIED', { sentence: beyond });
  }

  return {
    list: (asker) => robots.list().filter(({ bounds }) => mayManage(asker, bounds.repositories)),
    async create(asker, robot) {
      const fault = faultOfRobot(robot) ?? faultOfExpiry(robot.expiresAt, asker.time, limits.maximumMs);
      if (fault !== undefined) throw new WardenError('REQUEST_MALFORMED', { sentence: fault });
      requireWithin(asker, robot);
      await requireFree(takenBy, robot.name);
      return robots.create(robot, { name: asker.subject.name, method: asker.subject.method });
    },
    async rotate(asker, name, overlapMs) {
      const { groups, bounds } = requireOwn(asker, name);
      requireWithin(asker, { name, groups, ...bounds });
      if (overlapMs < 0 || overlapMs > limits.maximumOverlapMs) {
        const sentence = `the old secret may count for at most ${limits.maximumOverlapMs / 3_600_000} hours more`;
        throw new WardenError('REQUEST_MALFORMED', { sentence });
      }
      const made = await robots.rotate(name, overlapMs, asker.subject.name);
      if (made === undefined) throw new WardenError('ENTRY_UNKNOWN');
      return made;
    },
    async revoke(asker, name) {
      requireOwn(asker, name);
      await robots.remove(name);
    },
  };
}

/** @throws {WardenError} NAME_TAKEN */
export async function requireFree(takenBy: AdministerRobotsDeps['takenBy'], name: string): Promise<void> {
  const owner = await takenBy(name);
  if (owner !== undefined)
    throw new WardenError('NAME_TAKEN', { sentence: `${name} is the name of ${owner}` });
}

export function faultOfExpiry(expiresAt: number, now: number, maximumMs: number): string | undefined {
  if (expiresAt <= now) return 'a robot must expire in the future';
  const days = Math.floor(maximumMs / 86_400_000);
  return expiresAt - now > maximumMs
    ? `a robot may last at most ${days} days (robots.maximumDays)`
    : undefined;
}

/** The first pattern of repositories for which the asker may not manage robots. */
function firstBeyond(policy: Policy, asker: Asker, repositories: readonly string[]): string | undefined {
  // What is bounded makes nothing that is bounded less.
  if (asker.subject.kind === 'anonymous' || asker.subject.bounds !== undefined) return repositories[0];
  return repositories.find((pattern) => !mayEverywhere(policy, asker, 'robots', pattern));
}

/** One sentence where the robot would have more than its maker. */
function whyBeyond(policy: Policy, asker: Asker, robot: RobotRights): string | undefined {
  const { groups, repositories, actions, name } = robot;
  const { subject } = asker;
  const foreign = groups.find((group) => !subject.groups.includes(group));
  if (foreign !== undefined) return `You are not in the group ${foreign}, so no robot of yours can be.`;
  const unmanaged = firstBeyond(policy, asker, repositories);
  if (unmanaged !== undefined)
    return `No rule allows you to manage robots for all of ${unmanaged} (action robots).`;
  const taker = subjectOfRobot(name, { groups, bounds: { repositories, actions } });
  for (const word of actions)
    for (const pattern of repositories)
      if (!spellOut(word).every((action) => mayGive(policy, subject, taker, action, pattern)))
        return `A robot gets no more than its maker has, and that you may ${word} all of ${pattern} does not follow from one rule.`;
  return undefined;
}
