/** Tokens that are nearly right. */
import {
  createHmac,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
} from 'node:crypto';
import { readFileSync } from 'node:fs';

export interface Parts {
  readonly header: Record<string, unknown>;
  readonly claims: Record<string, unknown>;
}

export function readParts(token: string): Parts {
  const [header, claims] = token
    .split('.', 2)
    .map((part) => JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>);
  return { header: header ?? {}, claims: claims ?? {} };
}

/** Signed with ES256 as these parts say, whatever else they say. */
export function signParts({ header, claims }: Parts, key: KeyObject): string {
  const head = encodeParts({ header, claims });
  const signature = sign('sha256', Buffer.from(head), { key, dsaEncoding: 'ieee-p1363' });
  return `${head}.${signature.toString('base64url')}`;
}

export function encodeParts({ header, claims }: Parts): string {
  return [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
}

/** What the classic attack does: the public key, which everyone may know, taken for a shared secret. */
export function signWithPublicKey({ header, claims }: Parts, key: KeyObject): string {
  const head = encodeParts({ header: { ...header, alg: 'HS256' }, claims });
  const secret = createPublicKey(key).export({ type: 'spki', format: 'pem' });
  return `${head}.${createHmac('sha256', secret).update(head).digest('base64url')}`;
}

export function readKey(file: string): KeyObject {
  return createPrivateKey(readFileSync(file));
}

export function foreignKey(): KeyObject {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
}
