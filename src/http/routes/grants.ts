/**
 * Push grants, over the API: GET and POST /api/v1/grants, GET /api/v1/grants/<id>, POST /api/v1/grants/<id>/approve and
 * /close.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import type { Middleware } from 'koa';
import type { Exchange } from '../../gate/exchange.ts';
import type { Asker } from '../../identity/asker.ts';
import type { AdministerGrants, GrantRequest } from '../../identity/grants/administer.ts';
import type { KnownGrant } from '../../identity/grants/grant.ts';
import { grantJson } from '../../identity/grants/grant-json.ts';
import { machineOperations } from '../api/machines.ts';
import type { ApiLoginDeps } from '../api-login.ts';
import { askerOf } from '../asker.ts';
import { readJson } from '../json-body.ts';
import { readQuery } from '../query.ts';
import type { AppState } from '../state.ts';

export interface GrantsDeps extends ApiLoginDeps, Pick<AdministerGrants, 'list' | 'show'> {
  readonly now: () => number;
  /** What they do is recorded when they are fulfilled; they throw as identity/grants/administer. */
  readonly request: (
    asker: Asker,
    asked: GrantRequest,
    exchange: Exchange,
  ) => Promise<{ readonly grant: KnownGrant; readonly password: string }>;
  readonly approve: (asker: Asker, id: string, comment: string, exchange: Exchange) => Promise<KnownGrant>;
  readonly close: (
    asker: Asker,
    id: string,
    comment: string | undefined,
    exchange: Exchange,
  ) => Promise<KnownGrant>;
  readonly bodyTimeoutMs: number;
  /** Aborted when Warden stops, which nobody who waits is to hold up. */
  readonly stopping: AbortSignal;
}

export function grantHandlers(deps: GrantsDeps) {
  return {
    listGrants: listGrants(deps),
    requestGrant: requestGrant(deps),
    showGrant: showGrant(deps),
    approveGrant: approveGrant(deps),
    closeGrant: closeGrant(deps),
  };
}

function listGrants(deps: GrantsDeps): Middleware<AppState> {
  return async function listGrantsRoute(ctx) {
    const asker = await askerOf(deps, ctx.state);
    ctx.set('Cache-Control', 'no-store');
    ctx.body = { items: (await deps.list(asker)).map(grantJson) };
  };
}

function requestGrant(deps: GrantsDeps): Middleware<AppState> {
  return async function requestGrantRoute(ctx) {
    const { exchange } = ctx.state;
    const asker = await askerOf(deps, ctx.state);
    ctx.set('Cache-Control', 'no-store');
    const read = await readJson(exchange, machineOperations.requestGrant.body, deps.bodyTimeoutMs);
    const { repositories, tags, host, minutes, ...job } = read;
    const asked = { repositories, tags, host, minutes, job };
    const { grant, password } = await deps.request(asker, asked, exchange);
    ctx.status = 201;
    ctx.body = { ...grantJson(grant), user: grant.id, password };
  };
}

const LOOK_MS = 500;

/** With `?wait=30` the answer comes when it is no longer pending, at the latest after 30 seconds. */
function showGrant(deps: GrantsDeps): Middleware<AppState> {
  return async function showGrantRoute(ctx) {
    const { exchange } = ctx.state;
    const asker = await askerOf(deps, ctx.state);
    const { wait = 0 } = readQuery(machineOperations.showGrant.query, ctx.query);
    ctx.set('Cache-Control', 'no-store');
    const deadline = performance.now() + wait * 1000;
    let grant = await deps.show(asker, idOf(ctx['params']));
    const over = (): boolean => performance.now() >= deadline || exchange.response.destroyed;
    while (grant.state === 'pending' && !over() && !deps.stopping.aborted) {
      await sleep(LOOK_MS);
      grant = await deps.show(asker, grant.id);
    }
    ctx.body = grantJson(grant);
  };
}

function approveGrant(deps: GrantsDeps): Middleware<AppState> {
  return async function approveGrantRoute(ctx) {
    const { exchange } = ctx.state;
    const asker = await askerOf(deps, ctx.state);
    ctx.set('Cache-Control', 'no-store');
    const { comment } = await readJson(exchange, machineOperations.approveGrant.body, deps.bodyTimeoutMs);
    ctx.body = grantJson(await deps.approve(asker, idOf(ctx['params']), comment, exchange));
  };
}

function closeGrant(deps: GrantsDeps): Middleware<AppState> {
  return async function closeGrantRoute(ctx) {
    const { exchange } = ctx.state;
    const asker = await askerOf(deps, ctx.state);
    ctx.set('Cache-Control', 'no-store');
    const { comment } = await readJson(exchange, machineOperations.closeGrant.body, deps.bodyTimeoutMs);
    ctx.body = grantJson(await deps.close(asker, idOf(ctx['params']), comment, exchange));
  };
}

/** The router has put it there. */
function idOf(params: unknown): string {
  return (params as { readonly id: string }).id;
}
