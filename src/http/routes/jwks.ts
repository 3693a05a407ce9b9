/**
 * GET /.well-known/jwks.json: the public keys of clients' tokens, those to come included.
 *
 * Warden alone believes these tokens, and needs no list. It is for people and programs that see one, and want to know
 * whether it was made here, by which key.
 */
import type { Middleware } from 'koa';
import type { Jwks } from '../../token/jwks.ts';
import type { AppState } from '../state.ts';

export function publishKeys(keys: () => Jwks): Middleware<AppState> {
  return async function publishKeysRoute(ctx) {
    // Shorter than a new key is known before it signs.
    ctx.set('Cache-Control', 'public, max-age=30');
    ctx.body = keys();
  };
}
