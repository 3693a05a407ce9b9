/**
 * The keys that tokens are signed with, as they lie in files.
 *
 * A key is read once. What is wrong with it is one sentence, so that a start with a wrong key ends with that sentence
 * and not with the first client's push.
 */
import { createHash, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import type { Problem } from '../config/yaml.ts';
import { readSecretFile } from './read-secret-file.ts';

/** The signatures that are made and believed. Both are asymmetric; nothing else is ever accepted. */
export const ALGORITHMS = ['ES256', 'RS256'] as const;
export type Algorithm = (typeof ALGORITHMS)[number];

export interface SigningKey {
  readonly algorithm: Algorithm;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  /** RFC 7638 thumbprint. */
  readonly kid: string;
}

export type LoadedKey =
  | { readonly ok: true; readonly key: SigningKey; readonly warnings: readonly Problem[] }
  | { readonly ok: false; readonly problems: readonly Problem[] };

const RSA_BITS = 2048;
const PEM_LABEL = /^-----BEGIN ([A-Z0-9 ]+)-----\r?$/m;

/** Loads a PKCS#8 key. `algorithm`: what the settings say it is for; undefined takes that of the key. */
export function loadSigningKey(file: string, algorithm?: Algorithm): LoadedKey {
  const found = readSecretFile(file);
  if (!found.ok) return found;
  const read = readSigningKey(found.text);
  if (!read.ok) return { ok: false, problems: [{ file, line: 1, column: 1, message: read.reason }] };
  if (algorithm !== undefined && read.key.algorithm !== algorithm) {
    const message = `the key is one for ${read.key.algorithm}, the settings say ${algorithm}`;
    return { ok: false, problems: [{ file, line: 1, column: 1, message }] };
  }
  return { ok: true, key: read.key, warnings: found.warnings };
}

/** Reads a key from its PEM text. */
export function readSigningKey(
  pem: string,
): { readonly ok: true; readonly key: SigningKey } | { readonly ok: false; readonly reason: string } {
  const label = PEM_LABEL.exec(pem)?.[1];
  if (label !== 'PRIVATE KEY') {
    const found = label === undefined ? 'no PEM text' : `a PEM text of ${label}`;
    const help = label?.endsWith(' PRIVATE KEY') ? '; convert it with `openssl pkcs8 -topk8 -nocrypt`' : '';
    return { ok: false, reason: `expected a PKCS#8 key (BEGIN PRIVATE KEY), found ${found}${help}` };
  }
  let privateKey: KeyObject;
  try {
    privateKey = createPrivateKey({ key: pem, format: 'pem' });
  } catch {
    // OpenSSL's sentence says nothing to a person and may hold parts of what it read.
    return { ok: false, reason: 'the key is damaged: its PEM text cannot be decoded' };
  }
  const algorithm = algorithmOf(privateKey);
  if ('reason' in algorithm) return { ok: false, reason: algorithm.reason };
  const publicKey = createPublicKey(privateKey);
  return { ok: true, key: { ...algorithm, privateKey, publicKey, kid: thumbprint(publicKey) } };
}

function algorithmOf(key: KeyObject): { readonly algorithm: Algorithm } | { readonly reason: string } {
  const { namedCurve, modulusLength = 0 } = key.asymmetricKeyDetails ?? {};
  switch (key.asymmetricKeyType) {
    case 'ec':
      if (namedCurve === 'prime256v1') return { algorithm: 'ES256' };
      return { reason: `the key is on the curve ${namedCurve}; expected P-256 (prime256v1) for ES256` };
    case 'rsa':
      if (modulusLength >= RSA_BITS) return { algorithm: 'RS256' };
      return { reason: `the key has ${modulusLength} bits; expected at least ${RSA_BITS} for RS256` };
    default:
      return { reason: `the key is of type ${key.asymmetricKeyType}; expected EC P-256 or RSA` };
  }
}

/**
 * The name of a public key: SHA-256 over its required members in lexical order.
 *
 * The coordinates of an EC key have their full length, leading zeros included (RFC 7518 section 6.2.1.2): without
 * them one key in 128 would have another name than the rest of the world gives it.
 *
 * @see https://www.rfc-editor.org/rfc/rfc7638
 */
export function thumbprint(publicKey: KeyObject): string {
  const { crv, kty, x, y, e, n } = publicKey.export({ format: 'jwk' });
  const members = kty === 'EC' ? { crv, kty, x: padded(x), y: padded(y) } : { e, kty, n };
  return createHash('sha256').update(JSON.stringify(members)).digest('base64url');
}

/** A P-256 coordinate with all of its 32 bytes. */
function padded(coordinate: string | undefined): string {
  const bytes = Buffer.from(coordinate ?? '', 'base64url');
  return Buffer.concat([Buffer.alloc(Math.max(0, 32 - bytes.length)), bytes]).toString('base64url');
}
