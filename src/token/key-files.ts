/** Makes keys and certificates where there are none. What is there is never touched. */
import { generateKeyPair, type KeyObject, randomBytes } from 'node:crypto';
import { open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { makeFolder } from '../store/make-folder.ts';
import type { Algorithm, SigningKey } from './keys.ts';
import { offloadKeyLine } from './offload-key.ts';

const generate = promisify(generateKeyPair);

const KEY_MODE = 0o600;
/** Public: the registry, often another user of the machine, reads it. */
const CERTIFICATE_MODE = 0o644;
const YEARS = 10;
/** The clock of the registry's machine may be behind. */
const BACKDATE_MS = 24 * 3600 * 1000;
const RSA_BITS = 3072;
const OFFLOAD_BYTES = 32;

/** @throws what the file system throws, with its `code`; EEXIST when the file is there. */
export async function makeKeyFile(file: string, algorithm: Algorithm): Promise<void> {
  const { privateKey } =
    algorithm === 'ES256'
      ? await generate('ec', { namedCurve: 'P-256' })
      : await generate('rsa', { modulusLength: RSA_BITS });
  await create(file, privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), KEY_MODE, 0o700);
}

/** Of Ed25519, for the checkpoints of the log. @throws as makeKeyFile. */
export async function makeNoteKeyFile(file: string): Promise<void> {
  const { privateKey } = await generate('ed25519', undefined);
  await create(file, privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), KEY_MODE, 0o700);
}

/** @throws what the file system throws, with its `code`; EEXIST when the file is there. */
export async function makeOffloadKeyFile(file: string): Promise<void> {
  await create(file, offloadKeyLine(randomBytes(OFFLOAD_BYTES).toString('base64url')), KEY_MODE, 0o700);
}

export interface CertificateOptions {
  readonly file: string;
  readonly key: SigningKey;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/**
 * A certificate that vouches for itself. The registry trusts it because it stands in its rootcertbundle, and looks at
 * nothing in it but the key and the time.
 *
 * @throws what the file system throws, with its `code`; EEXIST when the file is there.
 */
export async function makeCertificateFile({ file, key, now }: CertificateOptions): Promise<void> {
  // Loaded here and not at the top: a server that only runs has no use for it.
  await import('reflect-metadata');
  const { BasicConstraintsExtension, KeyUsageFlags, KeyUsagesExtension, X509CertificateGenerator } =
    await import('@peculiar/x509');
  const name =
    key.algorithm === 'ES256'
      ? { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
      : { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };
  const until = new Date(now);
  until.setUTCFullYear(until.getUTCFullYear() + YEARS);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    // RFC 5280 section 4.1.2.2: positive, and unique for its issuer.
    serialNumber: `01${randomBytes(15).toString('hex')}`,
    name: 'CN=registry-warden upstream',
    notBefore: new Date(now - BACKDATE_MS),
    notAfter: until,
    signingAlgorithm: name,
    keys: {
      privateKey: cryptoKey(key.privateKey, name, 'sign'),
      publicKey: cryptoKey(key.publicKey, name, 'verify'),
    },
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
    ],
  });
  await create(file, `${certificate.toString('pem')}\n`, CERTIFICATE_MODE, 0o755);
}

function cryptoKey(key: KeyObject, name: Parameters<KeyObject['toCryptoKey']>[0], use: 'sign' | 'verify') {
  return key.toCryptoKey(name, true, [use]);
}

/** Durable when it returns: a key whose certificate is out in the world must not be lost. */
async function create(file: string, text: string, mode: number, folderMode: number): Promise<void> {
  const folder = dirname(file);
  makeFolder(folder, folderMode);
  const handle = await open(file, 'wx', KEY_MODE);
  try {
    await handle.writeFile(text);
    await handle.chmod(mode);
    await handle.sync();
  } finally {
    await handle.close();
  }
  const opened = await open(join(folder, '.'), 'r');
  try {
    await opened.sync();
  } finally {
    await opened.close();
  }
}
