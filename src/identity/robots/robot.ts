/** What is kept of a robot, and what follows from it. Pure. */

import { RULE_ACTIONS, type RuleAction } from '../../policy/actions.ts';
import { faultOfBounds } from '../../policy/bounds.ts';
import type { Bounds, Subject } from '../../policy/facts.ts';
import { isSecret } from '../secret.ts';
import { NAME } from '../users-schema.ts';

/** An account of a machine. Times in milliseconds since 1970. */
export interface Robot {
  readonly description?: string;
  readonly groups: readonly string[];
  readonly bounds: Bounds;
  readonly created: number;
  /** Who made it, and how that one had logged in. */
  readonly createdBy: { readonly name: string; readonly method: string };
  /** Who else has been given a secret of it, each once. */
  readonly rotatedBy?: readonly string[];
  /** The newest first. More than one while an older one still counts. */
  readonly secrets: readonly RobotSecret[];
}

export interface RobotSecret {
  /** Names it where it may not be shown. */
  readonly id: string;
  /** SHA-256, in hexadecimal digits. */
  readonly hash: string;
  readonly created: number;
  /** Of one that was replaced: until when it still counts. */
  readonly until?: number;
}

export interface NewRobot {
  readonly name: string;
  readonly description?: string | undefined;
  readonly groups: readonly string[];
  readonly repositories: readonly string[];
  readonly actions: readonly RuleAction[];
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

/** Bounds are no place for a right to make more robots. */
export const ROBOT_ACTIONS: readonly RuleAction[] = RULE_ACTIONS.filter((word) => word !== 'robots');

const DESCRIPTION_LIMIT = 200;
const LIST_LIMIT = 50;

/** One sentence where this can be no robot. */
export function faultOfRobot(robot: NewRobot): string | undefined {
  const { name, description = '', groups, repositories, actions } = robot;
  if (!NAME.test(name))
    return `${JSON.stringify(name.slice(0, 64))} cannot be a name: a-z, 0-9, and between them . _ @ -; at most 64`;
  const bad = groups.find((group) => group === '' || group !== group.trim() || /\p{C}/u.test(group));
  if (bad !== undefined) return `${JSON.stringify(bad)} cannot be the name of a group`;
  if (description.length > DESCRIPTION_LIMIT || /\p{C}/u.test(description))
    return `the description is one line of at most ${DESCRIPTION_LIMIT} characters`;
  if (Math.max(groups.length, repositories.length) > LIST_LIMIT)
    return `at most ${LIST_LIMIT} groups and ${LIST_LIMIT} repositories`;
  const unknown = actions.find((word) => !ROBOT_ACTIONS.includes(word));
  if (unknown !== undefined)
    return `${JSON.stringify(unknown)}: expected actions among ${ROBOT_ACTIONS.join(', ')}`;
  return faultOfBounds({ repositories, actions });
}

export function subjectOfRobot(name: string, { groups, bounds }: Pick<Robot, 'groups' | 'bounds'>): Subject {
  return { name, kind: 'robot', groups, method: 'robot', bounds };
}

/** The secret of a robot that this is, if it still counts. All are compared, so that the time tells not which. */
export function secretOf({ secrets }: Robot, secret: string, now: number): RobotSecret | undefined {
  return secrets.filter(({ hash }) => isSecret(hash, secret)).find((one) => counts(one, now));
}

export function counts({ until = Infinity }: RobotSecret, now: number): boolean {
  return now < until;
}

/** The robot with another secret; those before it count for some time, and what counts no more is dropped. */
export function rotated(robot: Robot, secret: RobotSecret, oldUntil: number, by: string): Robot {
  const before = robot.secrets.filter((one) => counts(one, secret.created));
  const ending = before.map((one) => ({ ...one, until: Math.min(one.until ?? Infinity, oldUntil) }));
  // Two at once: whoever rotates again means to be rid of what was before.
  const secrets = [secret, ...ending.slice(0, 1)].filter((one) => counts(one, secret.created));
  const known = [robot.createdBy.name, ...(robot.rotatedBy ?? [])];
  return { ...robot, secrets, ...(!known.includes(by) && { rotatedBy: [...known.slice(1), by] }) };
}
