/** Puts declared operations behind their addresses. What is not declared is not there. */
import type Router from '@koa/router';
import type { Middleware } from 'koa';
import { z } from 'zod';
import { readQuery } from '../query.ts';
import { requireMethod } from '../require-method.ts';
import type { AppState } from '../state.ts';
import { type Operation, refusesParameters } from './operation.ts';

/** Undefined where this server does not offer it: then its address is not there. */
export type Handler = Middleware<AppState> | undefined;

const NO_PARAMETERS = z.strictObject({});

/** @param operations by their ids, which are those of `handlers`. */
export function serveOperations(
  router: Router<AppState>,
  operations: Readonly<Record<string, Operation>>,
  handlers: Readonly<Record<string, Handler>>,
): void {
  const places = new Map<string, [Operation, Middleware<AppState>][]>();
  for (const [id, operation] of Object.entries(operations)) {
    const handler = handlers[id];
    if (handler) places.set(operation.path, [...(places.get(operation.path) ?? []), [operation, handler]]);
  }
  const lastThoseWithPattern = [...places].sort(
    ([, [one]], [, [other]]) =>
      Number(one?.[0].pattern !== undefined) - Number(other?.[0].pattern !== undefined),
  );
  for (const [path, offered] of lastThoseWithPattern) {
    const pattern = offered[0]?.[0].pattern;
    const methods = offered.flatMap(([{ method, head }]) => (head ? [method, 'HEAD'] : [method]));
    router.all(pattern ?? path.replace(/\{(\w+)\}/g, ':$1'), function operationRoute(ctx, next) {
      const asked = ctx.method === 'HEAD' ? 'GET' : ctx.method;
      const found = offered.find(([{ method }]) => method === asked) ?? offered[0];
      if (found) ctx.state.summary.route = found[0].route;
      requireMethod(ctx.method, ...methods);
      if (found && refusesParameters(found[0])) readQuery(NO_PARAMETERS, ctx.query);
      return found?.[1](ctx, next);
    });
  }
}
