/**
 * Push grants, over the API: GET and POST /api/v1/grants, GET /api/v1/grants/<id>, POST /api/v1/grants/<id>/approve and
 * /close.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import type { Middleware } from 'koa';
import { z } from 'zod';
import { WardenError } from '../../errors.ts';
import type { Exchange } from '../../gate/exchange.ts';
import type { Asker } from '../../identity/asker.ts';
import type { AdministerGrants, GrantRequest } from '../../identity/grants/administer.ts';
import type { KnownGrant } from '../../identity/grants/grant.ts';
import { grantJson } from '../../identity/grants/grant-json.ts';
import type { ApiLoginDeps } from '../api-login.ts';
import { askerOf } from '../asker.ts';
import { readJson } from '../json-body.ts';
import { requireMethod } from '../require-method.ts';
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

const LINE_LIMIT = 512;
const line = z
  .string()
  .max(LINE_LIMIT)
  .refine((text) => text.trim() !== '' && !/\p{C}/u.test(text), {
    error: `expected one line of at most ${LINE_LIMIT} characters`,
  });

const wanted = z.strictObject({
  repositories: z.array(z.string()),
  tags: z.array(z.string()).optional(),
  host: z.string().optional(),
  minutes: z.int().optional(),
  project: line.exactOptional(),
  job: line.exactOptional(),
  number: z.int().min(0).exactOptional(),
  commit: line.exactOptional(),
  ref: line.exactOptional(),
  uri: line.exactOptional(),
  operator: line.exactOptional(),
  url: line.exactOptional(),
});
const approval = z.strictObject({ comment: line });
const closing = z.strictObject({ comment: line.optional() });

/** GET and POST /api/v1/grants. */
export function grants(deps: GrantsDeps): Middleware<AppState> {
  return async function grantsRoute(ctx) {
    const { exchange, summary } = ctx.state;
    summary.route = 'grants';
    requireMethod(ctx.method, 'GET', 'POST');
    const asker = await askerOf(deps, ctx.state);
    ctx.set('Cache-Control', 'no-store');
    if (ctx.method === 'GET') {
      ctx.body = { items: (await deps.list(asker)).map(grantJson) };
      return;
    }
    const read = await readJson(exchange, wanted, deps.bodyTimeoutMs);
    const { repositories, tags, host, minutes, ...job } = read;
    const asked = { repositories, tags, host, minutes, job };
    const { grant, password } = await deps.request(asker, asked, exchange);
    ctx.status = 201;
    ctx.body = { ...grantJson(grant), user: grant.id, password };
  };
}

/** In seconds. Longer is a connection that proxies cut. */
const WAIT_LIMIT = 60;
const LOOK_MS = 500;

/** GET /api/v1/grants/<id>; with `?wait=30` the answer comes when it is no longer pending, at the latest after 30 seconds. */
export function showGrant(deps: GrantsDeps): Middleware<AppState> {
  return async function showGrantRoute(ctx) {
    const { exchange, summary } = ctx.state;
    summary.route = 'grants';
    requireMethod(ctx.method, 'GET');
    const asker = await askerOf(deps, ctx.state);
    const wait = readWait(ctx.querystring);
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

/** POST /api/v1/grants/<id>/approve with a comment, and /close with or without. */
export function decideGrant(deps: GrantsDeps, what: 'approve' | 'close'): Middleware<AppState> {
  return async function decideGrantRoute(ctx) {
    const { exchange, summary } = ctx.state;
    summary.route = 'grants';
    requireMethod(ctx.method, 'POST');
    const asker = await askerOf(deps, ctx.state);
    ctx.set('Cache-Control', 'no-store');
    const id = idOf(ctx['params']);
    if (what === 'approve') {
      const { comment } = await readJson(exchange, approval, deps.bodyTimeoutMs);
      ctx.body = grantJson(await deps.approve(asker, id, comment, exchange));
    } else {
      const { comment } = await readJson(exchange, closing, deps.bodyTimeoutMs);
      ctx.body = grantJson(await deps.close(asker, id, comment, exchange));
    }
  };
}

/** @throws {WardenError} FILTER_MALFORMED */
function readWait(text: string): number {
  const query = new URLSearchParams(text);
  const other = [...query.keys()].find((name) => name !== 'wait');
  if (other !== undefined)
    throw new WardenError('FILTER_MALFORMED', { sentence: `${other.slice(0, 64)}: expected wait` });
  const [value = '0', ...more] = query.getAll('wait');
  if (more.length > 0 || !/^\d{1,2}$/.test(value) || Number(value) > WAIT_LIMIT)
    throw new WardenError('FILTER_MALFORMED', { sentence: `wait: expected seconds, 0 to ${WAIT_LIMIT}` });
  return Number(value);
}

/** The router has put it there. */
function idOf(params: unknown): string {
  return (params as { readonly id: string }).id;
}
