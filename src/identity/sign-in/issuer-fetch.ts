/** What openid-client asks issuers through: the bounds of askIssuer in the form of fetch. */
import type { CustomFetch } from 'openid-client';
import { askIssuer, IssuerProblem } from '../oidc/ask-issuer.ts';

/** Statuses whose answers have no body, and for which a Response takes none. */
const BODILESS: ReadonlySet<number> = new Set([204, 205, 304]);

/**
 * @param caFile PEM; undefined for the CAs that come with Node.
 * @param timeoutMs for each answer.
 * @returns rejects with an IssuerProblem, also for an issuer that says that it has failed itself (5xx).
 */
export function createIssuerFetch(caFile: string | undefined, timeoutMs: number): CustomFetch {
  return async function issuerFetch(address, { method, headers, body }) {
    const { status, ...answer } = await askIssuer(address, {
      ...{ caFile, method, headers, signal: AbortSignal.timeout(timeoutMs) },
      body: textOf(body),
    });
    if (status >= 500 || status < 200) throw new IssuerProblem(`${address} answered ${status}`);
    const type = answer.headers['content-type'];
    return new Response(BODILESS.has(status) ? null : new Uint8Array(answer.bytes), {
      status,
      // The only one that counts here. One that is odd is as good as none.
      headers: type !== undefined && /^[\x20-\x7e]+$/.test(type) ? { 'content-type': type } : {},
    });
  };
}

/** The forms of the token endpoint are the only bodies there are. */
function textOf(body: unknown): string | undefined {
  if (body === undefined || body === null) return undefined;
  if (typeof body === 'string' || body instanceof URLSearchParams) return String(body);
  throw new TypeError('a body of another kind than a form');
}
