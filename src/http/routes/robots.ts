/**
 * Robots, over the API: GET and POST /api/v1/robots, DELETE /api/v1/robots/<name>, POST /api/v1/robots/<name>/rotate.
 * For whom a rule allows `robots`.
 */
import type { Middleware } from 'koa';
import { z } from 'zod';
import type { Exchange } from '../../gate/exchange.ts';
import type { Asker } from '../../identity/asker.ts';
import { type NewRobot, ROBOT_ACTIONS } from '../../identity/robots/robot.ts';
import { robotJson } from '../../identity/robots/robot-json.ts';
import type { KnownRobot } from '../../identity/robots/robots.ts';
import type { ApiLoginDeps } from '../api-login.ts';
import { askerOf } from '../asker.ts';
import { readJson } from '../json-body.ts';
import { requireMethod } from '../require-method.ts';
import type { AppState } from '../state.ts';

export interface RobotsDeps extends ApiLoginDeps {
  readonly now: () => number;
  readonly list: (asker: Asker) => readonly KnownRobot[];
  /** @returns the secret. What they do is recorded when they are fulfilled; they throw as identity/robots/administer. */
  readonly create: (asker: Asker, robot: NewRobot, exchange: Exchange) => Promise<string>;
  readonly rotate: (
    asker: Asker,
    name: string,
    overlapMs: number,
    exchange: Exchange,
  ) => Promise<{ readonly secret: string; readonly oldUntil: number }>;
  readonly revoke: (asker: Asker, name: string, exchange: Exchange) => Promise<void>;
  readonly bodyTimeoutMs: number;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

const newRobot = z.strictObject({
  name: z.string(),
  description: z.string().optional(),
  groups: z.array(z.string()).default([]),
  repositories: z.array(z.string()),
  actions: z.array(z.enum(ROBOT_ACTIONS)).default(['pull', 'push']),
  days: z.int().min(1),
});
const rotation = z.strictObject({ overlapHours: z.number().min(0).default(24) });

/** GET and POST /api/v1/robots. */
export function robots(deps: RobotsDeps): Middleware<AppState> {
  return async function robotsRoute(ctx) {
    const { exchange, summary } = ctx.state;
    summary.route = 'robots';
    requireMethod(ctx.method, 'GET', 'POST');
    const asker = await askerOf(deps, ctx.state);
    ctx.set('Cache-Control', 'no-store');
    if (ctx.method === 'GET') {
      ctx.body = { items: deps.list(asker).map(robotJson) };
      return;
    }
    const { days, ...robot } = await readJson(exchange, newRobot, deps.bodyTimeoutMs);
    const expiresAt = deps.now() + days * DAY_MS;
    const secret = await deps.create(asker, { ...robot, expiresAt }, exchange);
    ctx.status = 201;
    ctx.body = { name: robot.name, secret, expires: new Date(expiresAt).toISOString() };
  };
}

/** DELETE /api/v1/robots/<name>. */
export function revokeRobot(deps: RobotsDeps): Middleware<AppState> {
  return async function revokeRobotRoute(ctx) {
    const { exchange, summary } = ctx.state;
    summary.route = 'robots';
    requireMethod(ctx.method, 'DELETE');
    const asker = await askerOf(deps, ctx.state);
    await deps.revoke(asker, nameOf(ctx['params']), exchange);
    ctx.status = 204;
  };
}

/** POST /api/v1/robots/<name>/rotate. */
export function rotateRobot(deps: RobotsDeps): Middleware<AppState> {
  return async function rotateRobotRoute(ctx) {
    const { exchange, summary } = ctx.state;
    summary.route = 'robots';
    requireMethod(ctx.method, 'POST');
    const asker = await askerOf(deps, ctx.state);
    const { overlapHours } = await readJson(exchange, rotation, deps.bodyTimeoutMs);
    const name = nameOf(ctx['params']);
    const { secret, oldUntil } = await deps.rotate(asker, name, overlapHours * HOUR_MS, exchange);
    ctx.set('Cache-Control', 'no-store');
    ctx.body = { name, secret, oldUntil: new Date(oldUntil).toISOString() };
  };
}

/** The router has put it there. */
function nameOf(params: unknown): string {
  return (params as { readonly name: string }).name;
}
