/**
 * Where the keys of an issuer come from: its discovery document, an address, or a file.
 *
 * @see https://openid.net/specs/openid-connect-discovery-1_0.html
 */
import type { JSONWebKeySet } from 'jose';
import { z } from 'zod';
import type { OidcIssuer } from '../../config/oidc-schema.ts';
import { readText } from '../../config/read-text.ts';
import { IssuerProblem } from './ask-issuer.ts';
import { getJson } from './get-json.ts';

/** @throws {IssuerProblem} with a sentence for operators. */
export type KeySource = () => Promise<JSONWebKeySet>;

const EXPECTED_KEYS = 'expected a JSON Web Key Set with keys in it';
const KeySet = z.looseObject({
  keys: z
    .array(z.looseObject({ kty: z.string() }))
    .min(1)
    .max(1000),
});

/** @param timeoutMs for all that has to be asked, together. */
export function keySourceOf(issuer: OidcIssuer, timeoutMs: number): KeySource {
  const { jwksFile, jwksUrl, caFile } = issuer;
  if (jwksFile !== undefined) return () => keysOfFile(jwksFile);
  return async () => {
    const asking = { caFile, signal: AbortSignal.timeout(timeoutMs) };
    const place = jwksUrl ?? (await discover(issuer, asking));
    return keySetOf(await getJson(place, asking), place);
  };
}

async function keysOfFile(file: string): Promise<JSONWebKeySet> {
  const read = await readKeyFile(file);
  if (!read.ok) throw new IssuerProblem(`${file}: ${read.reason}`);
  return read.keys;
}

/** Reads and checks the file; also for a look before the start. Never rejects. */
export async function readKeyFile(
  file: string,
): Promise<
  { readonly ok: true; readonly keys: JSONWebKeySet } | { readonly ok: false; readonly reason: string }
> {
  const content = await readText(file);
  if (!content.ok) return content;
  let value: unknown;
  try {
    value = JSON.parse(content.text);
  } catch {
    return { ok: false, reason: EXPECTED_KEYS };
  }
  const keys = KeySet.safeParse(value).data;
  return keys ? { ok: true, keys } : { ok: false, reason: EXPECTED_KEYS };
}

async function discover({ issuer }: OidcIssuer, asking: Parameters<typeof getJson>[1]): Promise<string> {
  const place = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  const { issuer: said, jwks_uri: keys } = await getJson(place, asking);
  // Section 4.3: another issuer's document must not be taken for this one's.
  if (said !== issuer) throw new IssuerProblem(`${place} speaks of another issuer than ${issuer}`);
  const url = typeof keys === 'string' && URL.canParse(keys) ? new URL(keys) : undefined;
  if (url === undefined) throw new IssuerProblem(`${place} has no jwks_uri`);
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && issuer.startsWith('http:')))
    throw new IssuerProblem(`${place} has a jwks_uri that is not https`);
  return url.href;
}

function keySetOf(value: unknown, place: string): JSONWebKeySet {
  const keys = KeySet.safeParse(value).data;
  if (!keys) throw new IssuerProblem(`${place}: ${EXPECTED_KEYS}`);
  return keys;
}
