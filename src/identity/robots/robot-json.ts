/** A robot as the API and the commands show it: nothing of its secrets but when they were made and until when they count. */
import type { KnownRobot } from './robots.ts';

export interface RobotJson {
  readonly name: string;
  readonly description?: string;
  readonly groups: readonly string[];
  readonly repositories: readonly string[];
  readonly actions: readonly string[];
  readonly created: string;
  readonly createdBy: string;
  readonly expires: string;
  readonly secrets: readonly { readonly id: string; readonly created: string; readonly until?: string }[];
  readonly lastUsed?: { readonly time: string; readonly address: string };
}

export function robotJson(robot: KnownRobot): RobotJson {
  const { name, description, groups, bounds, created, createdBy, expiresAt, secrets, used } = robot;
  return {
    name,
    ...(description !== undefined && { description }),
    groups,
    repositories: bounds.repositories,
    actions: bounds.actions,
    created: timeOf(created),
    createdBy: createdBy.name,
    expires: timeOf(expiresAt),
    secrets: secrets.map((one) => ({
      id: one.id,
      created: timeOf(one.created),
      ...(one.until !== undefined && { until: timeOf(one.until) }),
    })),
    ...(used && { lastUsed: { time: timeOf(used.at), address: used.address } }),
  };
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString();
}
