/** Makes the certificates by which the registry knows Warden's key: of a CA, of a key that it vouches for, or of a key alone. */
import { type KeyObject, randomBytes } from 'node:crypto';
import type { X509CertificateCreateParams } from '@peculiar/x509';
import { createFile, KEY_FOLDER_MODE, KEY_MODE, makeKey, pemOf, replaceFile } from './key-files.ts';
import { type Algorithm, readSigningKey, type SigningKey } from './keys.ts';

/** Public: the registry, often another user of the machine, reads it. */
const CERTIFICATE_MODE = 0o644;
const AUTHORITY_YEARS = 10;
/** Short, so that a key which was copied is of no use for long; long enough to be away for a summer. */
export const LEAF_DAYS = 90;
const DAY_MS = 24 * 3600 * 1000;
/** The clock of the registry's machine may be behind. */
const BACKDATE_MS = DAY_MS;

const AUTHORITY_NAME = 'CN=registry-warden upstream CA';
const LEAF_NAME = 'CN=registry-warden upstream';

export interface CertificateOptions {
  readonly file: string;
  readonly key: SigningKey;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/**
 * The certificate of a CA that vouches for Warden's keys at the registry, and for nothing else: it stands in the
 * registry's rootcertbundle.
 *
 * @throws what the file system throws, with its `code`; EEXIST when the file is there.
 */
export async function makeAuthorityFile({ file, key, now }: CertificateOptions): Promise<void> {
  const x509 = await library();
  const text = await issue({
    ...{ subject: AUTHORITY_NAME, issuer: AUTHORITY_NAME, key, signer: key, now, until: yearsFrom(now) },
    extensions: [
      // No CA below it.
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
      await x509.SubjectKeyIdentifierExtension.create(cryptoKey(key.publicKey, key.algorithm, 'verify')),
    ],
  });
  await createFile(file, text, CERTIFICATE_MODE, 0o755);
}

/**
 * A certificate that vouches for itself. The registry trusts it because it stands in its rootcertbundle, and looks at
 * nothing in it but the key and the time.
 *
 * @throws what the file system throws, with its `code`; EEXIST when the file is there.
 */
export async function makeCertificateFile({ file, key, now }: CertificateOptions): Promise<void> {
  const x509 = await library();
  const text = await issue({
    ...{ subject: LEAF_NAME, issuer: LEAF_NAME, key, signer: key, now, until: yearsFrom(now) },
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
    ],
  });
  await createFile(file, text, CERTIFICATE_MODE, 0o755);
}

export interface LeafOptions {
  readonly file: string;
  readonly algorithm: Algorithm;
  readonly authority: SigningKey;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/**
 * A new key with its certificate behind it, in one file, which takes the place of the one that is there.
 *
 * @returns the key, and when its certificate ends. @throws what the file system throws, with its `code`.
 */
export async function makeLeafFile({
  file,
  algorithm,
  authority,
  now,
}: LeafOptions): Promise<{ readonly key: SigningKey; readonly expiresAt: number }> {
  const x509 = await library();
  const pem = pemOf(await makeKey(algorithm));
  const read = readSigningKey(pem);
  if (!read.ok) throw new Error(read.reason);
  const { key } = read;
  const until = new Date(now + LEAF_DAYS * DAY_MS);
  const certificate = await issue({
    ...{ subject: LEAF_NAME, issuer: AUTHORITY_NAME, key, signer: authority, now, until },
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      await x509.AuthorityKeyIdentifierExtension.create(
        cryptoKey(authority.publicKey, authority.algorithm, 'verify'),
      ),
    ],
  });
  await replaceFile(file, pem + certificate, KEY_MODE);
  // What a certificate says is in whole seconds.
  return { key, expiresAt: Math.floor(until.getTime() / 1000) * 1000 };
}

/** @throws what the file system throws, with its `code`; EEXIST when the file is there. */
export async function makeAuthorityKeyFile(file: string, algorithm: Algorithm): Promise<void> {
  await createFile(file, pemOf(await makeKey(algorithm)), KEY_MODE, KEY_FOLDER_MODE);
}

interface Issued {
  readonly subject: string;
  readonly issuer: string;
  readonly key: SigningKey;
  readonly signer: SigningKey;
  readonly now: number;
  readonly until: Date;
  readonly extensions: NonNullable<X509CertificateCreateParams['extensions']>;
}

/** @returns the certificate in PEM. */
async function issue({ subject, issuer, key, signer, now, until, extensions }: Issued): Promise<string> {
  const { X509CertificateGenerator } = await library();
  const certificate = await X509CertificateGenerator.create({
    // RFC 5280 section 4.1.2.2: positive, and unique for its issuer.
    serialNumber: `01${randomBytes(15).toString('hex')}`,
    subject,
    issuer,
    notBefore: new Date(now - BACKDATE_MS),
    notAfter: until,
    signingAlgorithm: nameOf(signer.algorithm),
    publicKey: cryptoKey(key.publicKey, key.algorithm, 'verify'),
    signingKey: cryptoKey(signer.privateKey, signer.algorithm, 'sign'),
    extensions,
  });
  return `${certificate.toString('pem')}\n`;
}

/** Loaded when it is needed: a server that only runs seldom has a use for it. */
async function library(): Promise<typeof import('@peculiar/x509')> {
  await import('reflect-metadata');
  return import('@peculiar/x509');
}

function yearsFrom(now: number): Date {
  const until = new Date(now);
  until.setUTCFullYear(until.getUTCFullYear() + AUTHORITY_YEARS);
  return until;
}

function nameOf(algorithm: Algorithm) {
  return algorithm === 'ES256'
    ? { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
    : { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };
}

function cryptoKey(key: KeyObject, algorithm: Algorithm, use: 'sign' | 'verify') {
  return key.toCryptoKey(nameOf(algorithm), true, [use]);
}
