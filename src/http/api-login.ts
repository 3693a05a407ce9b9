/** Who asks the API: Basic credentials, or a token of the API's own service. */
import { WardenError } from '../errors.ts';
import type { Exchange } from '../gate/exchange.ts';
import type { Subject, Via } from '../policy/facts.ts';
import { bearerToken } from '../protocol/challenge.ts';
import { type LoginDeps, loginWithHeader } from './basic-login.ts';
import { isOfPage, type PageSessions, pageToken } from './page-login.ts';

export interface ApiLoginDeps extends LoginDeps {
  /** A Bearer of the API's own audience; a registry token is worth nothing here. */
  readonly verify: (
    token: string,
  ) => { readonly subject: Subject; readonly address: string; readonly via: Via } | 'revoked' | undefined;
  /** Of those who are signed in to the page; absent where there is none. */
  readonly page?: PageSessions | undefined;
}

export interface Identified {
  readonly subject: Subject;
  /** From where the credentials came. */
  readonly tokenAddress: string;
  readonly via: Via;
  /** What the login was checked against; undefined where a token was sent instead of a password. */
  readonly credential: string | undefined;
}

/** Basic is offered to people and scripts; the token endpoint gives Bearers for the API's audience. */
const CHALLENGE = { 'WWW-Authenticate': 'Basic realm="registry-warden audit", charset="UTF-8"' };

/**
 * @returns who, and from where the credentials came.
 * @throws {WardenError} TOKEN_MISSING, TOKEN_INVALID, TOKEN_REVOKED, and as loginWithHeader.
 */
export async function identify(deps: ApiLoginDeps, exchange: Exchange): Promise<Identified> {
  const { request, client } = exchange;
  const { authorization } = request.headers;
  const bearer = bearerToken(authorization);
  if (bearer !== undefined) {
    const verified = client.confidential ? deps.verify(bearer) : undefined;
    if (verified === 'revoked') throw new WardenError('TOKEN_REVOKED', { headers: CHALLENGE });
    if (verified === undefined) throw new WardenError('TOKEN_INVALID', { headers: CHALLENGE });
    const { subject, address: tokenAddress, via } = verified;
    return { subject, tokenAddress, via, credential: undefined };
  }
  if (authorization === undefined && isOfPage(exchange)) return identifyReader(deps, exchange);
  if (authorization === undefined) throw new WardenError('TOKEN_MISSING', { headers: CHALLENGE });
  if (isOfAnotherSite(exchange))
    throw new WardenError('REQUEST_MALFORMED', {
      sentence: 'a page of another site asks in somebody’s name',
    });
  const presented = { client, authorization, userAgent: request.headers['user-agent'] };
  const { subject, via = {}, credential } = await loginWithHeader(deps, presented);
  return { subject, tokenAddress: client.address, via, credential };
}

/**
 * A browser that was told a password once sends it along with whatever any page has it ask. Reading does no harm there, but
 * an export is on record under somebody's name, and holds a place. Who follows a link sees what it does.
 */
function isOfAnotherSite({ request }: Exchange): boolean {
  const site = request.headers['sec-fetch-site'];
  const elsewhere = site === 'cross-site' || site === 'same-site';
  return elsewhere && request.headers['sec-fetch-dest'] !== 'document';
}

/** Without a challenge: a browser would show a dialog of its own in front of the page. */
async function identifyReader({ page }: ApiLoginDeps, exchange: Exchange): Promise<Identified> {
  const { client } = exchange;
  const token = client.confidential ? pageToken(exchange) : undefined;
  const subject = token === undefined ? undefined : await page?.use(token, client);
  if (subject === undefined) throw new WardenError('TOKEN_MISSING');
  return { subject, tokenAddress: client.address, via: {}, credential: undefined };
}
