/**
 * POST /token/revoke: a client gives a token back. A refresh token ends with all that was got by it: that is the logout
 * that docker leaves out, which only deletes what it has stored.
 *
 * Whoever has the token may end it; there is nothing else to prove.
 *
 * @see https://www.rfc-editor.org/rfc/rfc7009
 */
import type { Middleware } from 'koa';
import { WardenError } from '../../errors.ts';
import { readBody } from '../../gate/read-body.ts';
import { plainMediaType } from '../../protocol/manifest.ts';
import type { AppState } from '../state.ts';
import type { EndedBy, EndedTarget } from './sessions.ts';

export interface RevokeTokenDeps {
  /**
   * What ends with a token, and whose it is: its session for a refresh token, itself for an access token of any service;
   * undefined for what is no token in force.
   */
  readonly find: (
    token: string,
  ) => Promise<{ readonly target: EndedTarget; readonly subject: EndedBy['subject'] } | undefined>;
  readonly end: (target: EndedTarget, by: EndedBy) => Promise<number>;
  readonly bodyTimeoutMs: number;
}

/** In bytes: the longest token, with room for the names of a form. */
const BODY_LIMIT = 40_000;

export function revokeToken(deps: RevokeTokenDeps): Middleware<AppState> {
  return async function revokeTokenRoute(ctx) {
    const { exchange, summary } = ctx.state;
    const { request, response, client } = exchange;
    if (!client.confidential) throw new WardenError('CREDENTIALS_EXPOSED');
    if (plainMediaType(request.headers['content-type']) !== 'application/x-www-form-urlencoded') {
      const sentence = 'the body must be application/x-www-form-urlencoded';
      throw new WardenError('BODY_TYPE_REFUSED', { sentence });
    }
    if (exchange.expectsContinue) response.writeContinue();
    const form = new URLSearchParams(
      (await readBody(request, BODY_LIMIT, deps.bodyTimeoutMs)).toString('utf8'),
    );
    const tokens = form.getAll('token');
    const [token] = tokens;
    if (token === undefined || tokens.length > 1) {
      throw new WardenError('REQUEST_MALFORMED', { sentence: 'the parameter token must be given once' });
    }
    const found = await deps.find(token);
    if (found?.subject.kind === 'anonymous') {
      // Anybody gets as many of them as they like: each would be one more to remember, and none ends a login.
      throw new WardenError('REQUEST_MALFORMED', {
        sentence: 'an anonymous token is nobody’s login; it ends by itself in minutes',
      });
    }
    if (found !== undefined) {
      summary.subject = found.subject.name;
      await deps.end(found.target, { subject: found.subject, exchange, own: true });
    }
    ctx.set('Cache-Control', 'no-store');
    // RFC 7009 section 2.2: 200 also for a token that is none, since what was asked for is so.
    ctx.body = {};
  };
}
