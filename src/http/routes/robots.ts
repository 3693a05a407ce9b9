/**
 * Robots, over the API: GET and POST /api/v1/robots, DELETE /api/v1/robots/<name>, POST /api/v1/robots/<name>/rotate.
 * For whom a rule allows `robots`.
 */
import type { Middleware } from 'koa';
import type { Exchange } from '../../gate/exchange.ts';
import type { Asker } from '../../identity/asker.ts';
import type { NewRobot } from '../../identity/robots/robot.ts';
import { robotJson } from '../../identity/robots/robot-json.ts';
import type { KnownRobot } from '../../identity/robots/robots.ts';
import { machineOperations } from '../api/machines.ts';
import type { ApiLoginDeps } from '../api-login.ts';
import { askerOf } from '../asker.ts';
import { readJson } from '../json-body.ts';
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

export function robotHandlers(deps: RobotsDeps) {
  return {
    listRobots: listRobots(deps),
    createRobot: createRobot(deps),
    revokeRobot: revokeRobot(deps),
    rotateRobot: rotateRobot(deps),
  };
}

function listRobots(deps: RobotsDeps): Middleware<AppState> {
  return async function listRobotsRoute(ctx) {
    const asker = await askerOf(deps, ctx.state);
    ctx.set('Cache-Control', 'no-store');
    ctx.body = { items: deps.list(asker).map(robotJson) };
  };
}

function createRobot(deps: RobotsDeps): Middleware<AppState> {
  return async function createRobotRoute(ctx) {
    const { exchange } = ctx.state;
    const asker = await askerOf(deps, ctx.state);
    ctx.set('Cache-Control', 'no-store');
    const { body } = machineOperations.createRobot;
    const { days, ...robot } = await readJson(exchange, body, deps.bodyTimeoutMs);
    const expiresAt = deps.now() + days * DAY_MS;
    const secret = await deps.create(asker, { ...robot, expiresAt }, exchange);
    ctx.status = 201;
    ctx.body = { name: robot.name, secret, expires: new Date(expiresAt).toISOString() };
  };
}

function revokeRobot(deps: RobotsDeps): Middleware<AppState> {
  return async function revokeRobotRoute(ctx) {
    const { exchange } = ctx.state;
    const asker = await askerOf(deps, ctx.state);
    await deps.revoke(asker, nameOf(ctx['params']), exchange);
    ctx.status = 204;
  };
}

function rotateRobot(deps: RobotsDeps): Middleware<AppState> {
  return async function rotateRobotRoute(ctx) {
    const { exchange } = ctx.state;
    const asker = await askerOf(deps, ctx.state);
    const { body } = machineOperations.rotateRobot;
    const { overlapHours } = await readJson(exchange, body, deps.bodyTimeoutMs);
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
