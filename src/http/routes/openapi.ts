/** GET /api/v1/openapi.json: what the API offers, for everyone; it says nothing of this server. */
import type { Middleware } from 'koa';
import { openApi } from '../api/document.ts';
import { OPERATIONS } from '../api/operations.ts';
import type { AppState } from '../state.ts';

export function describeApi(): Middleware<AppState> {
  let text: string | undefined;
  return function describeApiRoute(ctx) {
    // Made when somebody asks: it is long, and few do.
    text ??= JSON.stringify(openApi(OPERATIONS));
    ctx.set('Cache-Control', 'public, max-age=3600');
    ctx.type = 'application/json';
    ctx.body = text;
  };
}
