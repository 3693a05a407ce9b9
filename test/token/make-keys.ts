/** Keys and certificates for the tests of this room, made anew each time. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { type Algorithm, readSigningKey, type SigningKey } from '../../src/token/keys.ts';
import { must } from '../support/process.ts';
import type { Temp } from '../support/temp.ts';

export function makePrivateKey(algorithm: Algorithm): KeyObject {
  return algorithm === 'ES256'
    ? generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
    : generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
}

export function pemOf(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}

export function makeKey(algorithm: Algorithm = 'ES256'): SigningKey {
  return keyOf(makePrivateKey(algorithm));
}

export function keyOf(privateKey: KeyObject): SigningKey {
  const read = readSigningKey(pemOf(privateKey));
  if (!read.ok) throw new Error(read.reason);
  return read.key;
}

/** A key in `<name>.key` and its self-signed certificate in `<name>.crt`, made by openssl. */
export async function makeCertificate(
  temp: Temp,
  name: string,
  algorithm: Algorithm = 'ES256',
  args: readonly string[] = ['-days', '10'],
): Promise<{ readonly keyFile: string; readonly certificateFile: string }> {
  const keyFile = temp.at(`${name}.key`);
  const certificateFile = temp.at(`${name}.crt`);
  writeFileSync(keyFile, pemOf(makePrivateKey(algorithm)), { mode: 0o600 });
  await must('openssl', [
    'req',
    '-x509',
    '-new',
    '-key',
    keyFile,
    '-subj',
    `/CN=${name}`,
    '-out',
    certificateFile,
    ...args,
  ]);
  return { keyFile, certificateFile };
}
