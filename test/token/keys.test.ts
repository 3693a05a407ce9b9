import { createPublicKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { calculateJwkThumbprint } from 'jose';
import { loadCertificateChain } from '../../src/token/certificates.ts';
import { loadSigningKey, thumbprint } from '../../src/token/keys.ts';
import { makeTemp, type Temp } from '../support/temp.ts';
import { keyOf, makeCertificate, makeKey, makePrivateKey, pemOf } from './make-keys.ts';

let temp: Temp;
let file: string;
beforeEach(() => {
  temp = makeTemp('keys');
  file = temp.at('token.key');
});
afterEach(() => temp.stop());

function write(text: string, mode = 0o600): void {
  writeFileSync(file, text);
  chmodSync(file, mode);
}

describe('a signing key', () => {
  it.each(['ES256', 'RS256'] as const)('is loaded from PKCS#8 for %s', (algorithm) => {
    const privateKey = makePrivateKey(algorithm);
    write(pemOf(privateKey));
    const loaded = loadSigningKey(file, algorithm);
    expect(loaded).toMatchObject({ ok: true, warnings: [], key: { algorithm } });
    expect(loaded.ok && loaded.key.publicKey.equals(createPublicKey(privateKey))).toBe(true);
    expect(loadSigningKey(file)).toMatchObject({ ok: true, key: { algorithm } });
  });

  const ec = (namedCurve: string) => generateKeyPairSync('ec', { namedCurve }).privateKey;
  it.each([
    ['P-384', () => pemOf(ec('P-384')), 'curve secp384r1'],
    ['secp256k1', () => pemOf(ec('secp256k1')), 'curve secp256k1'],
    [
      'RSA of 1024 bits',
      () => pemOf(generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey),
      '1024 bits',
    ],
    [
      'RSA-PSS',
      () => pemOf(generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).privateKey),
      'type rsa-pss',
    ],
    ['Ed25519', () => pemOf(generateKeyPairSync('ed25519').privateKey), 'type ed25519'],
    ['SEC1', () => ec('P-256').export({ type: 'sec1', format: 'pem' }).toString(), 'openssl pkcs8 -topk8'],
    [
      'an encrypted key',
      () =>
        ec('P-256')
          .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' })
          .toString(),
      'ENCRYPTED PRIVATE KEY',
    ],
    [
      'a public key',
      () => createPublicKey(ec('P-256')).export({ type: 'spki', format: 'pem' }).toString(),
      'PUBLIC KEY',
    ],
    ['a damaged key', () => '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n', 'damaged'],
    ['an empty file', () => '', 'no PEM text'],
    ['something else', () => 'hunter2', 'no PEM text'],
  ])('is refused in one sentence: %s', (_what, pem, sentence) => {
    write(pem());
    expect(loadSigningKey(file)).toEqual({
      ok: false,
      problems: [{ file, line: 1, column: 1, message: expect.stringContaining(sentence) }],
    });
  });

  it('is refused when the settings say another algorithm', () => {
    write(pemOf(makePrivateKey('ES256')));
    expect(loadSigningKey(file, 'RS256')).toMatchObject({
      problems: [{ message: 'the key is one for ES256, the settings say RS256' }],
    });
  });

  it('is refused when it is not there, and nothing of it is shown when it is wrong', () => {
    expect(loadSigningKey(file)).toMatchObject({
      problems: [{ message: expect.stringContaining('there is no such file; `warden keys init`') }],
    });
    write('hunter2');
    expect(JSON.stringify(loadSigningKey(file))).not.toContain('hunter2');
  });

  it('comes with a warning when others of the machine may read it', () => {
    write(pemOf(makePrivateKey('ES256')), 0o644);
    expect(loadSigningKey(file)).toMatchObject({
      ok: true,
      warnings: [{ file, message: expect.stringContaining('mode 644') }],
    });
    write(pemOf(makePrivateKey('ES256')), 0o640);
    expect(loadSigningKey(file)).toMatchObject({ ok: true, warnings: [] });
  });
});

describe('the name of a key', () => {
  it.each(['ES256', 'RS256'] as const)('is its RFC 7638 thumbprint: %s', async (algorithm) => {
    const key = makeKey(algorithm);
    expect(key.kid).toBe(await calculateJwkThumbprint(key.publicKey.export({ format: 'jwk' })));
  });

  it('is that of the RFC for its example', () => {
    const key = createPublicKey({
      format: 'jwk',
      key: {
        kty: 'RSA',
        e: 'AQAB',
        n: '0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw',
      },
    });
    expect(thumbprint(key)).toBe('NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs');
  });

  it('counts the leading zeros of coordinates, and differs from key to key', async () => {
    let found = { x: false, y: false };
    const names = new Set<string>();
    for (let made = 0; made < 5000 && !(found.x && found.y); made++) {
      const publicKey = createPublicKey(makePrivateKey('ES256'));
      // The uncompressed point ends the SubjectPublicKeyInfo: 04, then 32 bytes of each coordinate.
      const point = publicKey.export({ type: 'spki', format: 'der' }).subarray(-64);
      const [x, y] = [point.subarray(0, 32), point.subarray(32)];
      names.add(thumbprint(publicKey));
      expect(names.size).toBe(made + 1);
      if (x[0] !== 0 && y[0] !== 0) continue;
      found = { x: found.x || x[0] === 0, y: found.y || y[0] === 0 };
      const jwk = { kty: 'EC', crv: 'P-256', x: x.toString('base64url'), y: y.toString('base64url') };
      expect(thumbprint(publicKey)).toBe(await calculateJwkThumbprint(jwk));
    }
    expect(found).toEqual({ x: true, y: true });
  });
});

describe('the certificate of a key', () => {
  const key = (keyFile: string) => {
    const loaded = loadSigningKey(keyFile);
    if (!loaded.ok) throw new Error(loaded.problems[0]?.message);
    return loaded.key;
  };

  it.each(['ES256', 'RS256'] as const)('is loaded as base64 of its DER: %s', async (algorithm) => {
    const made = await makeCertificate(temp, 'upstream', algorithm, ['-days', '400']);
    const chain = loadCertificateChain({
      file: made.certificateFile,
      key: key(made.keyFile),
      now: Date.now(),
    });
    expect(chain).toMatchObject({ ok: true, warnings: [] });
    const [leaf = ''] = chain.ok ? chain.x5c : [];
    expect(leaf).toMatch(/^[A-Za-z0-9+/]+={0,2}$/);
    expect(new X509Certificate(Buffer.from(leaf, 'base64')).subject).toBe('CN=upstream');
  });

  it('is loaded with those behind it, in their order', async () => {
    const one = await makeCertificate(temp, 'one');
    const two = await makeCertificate(temp, 'two');
    const both = [one, two].map(({ certificateFile }) => readFileSync(certificateFile, 'utf8')).join('\n');
    writeFileSync(temp.at('chain.crt'), both);
    const chain = loadCertificateChain({
      file: temp.at('chain.crt'),
      key: key(one.keyFile),
      now: Date.now(),
    });
    expect(chain.ok && chain.x5c).toHaveLength(2);
    const wrongWay = loadCertificateChain({
      file: temp.at('chain.crt'),
      key: key(two.keyFile),
      now: Date.now(),
    });
    expect(wrongWay).toMatchObject({ ok: false });
  });

  it('is refused when it is of another key', async () => {
    const { certificateFile } = await makeCertificate(temp, 'upstream');
    expect(loadCertificateChain({ file: certificateFile, key: makeKey(), now: Date.now() })).toMatchObject({
      problems: [{ file: certificateFile, message: expect.stringContaining('of another key') }],
    });
  });

  it('is refused when it has expired or is not valid yet, and warned of before', async () => {
    const made = await makeCertificate(temp, 'upstream', 'ES256', ['-days', '10']);
    const at = (ms: number) =>
      loadCertificateChain({ file: made.certificateFile, key: key(made.keyFile), now: Date.now() + ms });
    const day = 24 * 3600 * 1000;
    expect(at(11 * day)).toMatchObject({
      problems: [{ message: expect.stringContaining('has expired at 20') }],
    });
    expect(at(-day)).toMatchObject({
      problems: [{ message: expect.stringContaining('valid only from 20') }],
    });
    expect(at(day)).toMatchObject({
      ok: true,
      warnings: [{ message: expect.stringContaining('expires at') }],
    });
  });

  it.each([
    ['missing', undefined, 'there is no such file'],
    ['empty', '', 'found none'],
    ['a key', pemOf(makePrivateKey('ES256')), 'found none'],
    [
      'damaged',
      '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n',
      'certificate 1 of the file is damaged',
    ],
  ])('is refused in one sentence when it is %s', (_what, text, sentence) => {
    if (text !== undefined) write(text);
    expect(loadCertificateChain({ file, key: keyOf(makePrivateKey('ES256')), now: Date.now() })).toEqual({
      ok: false,
      problems: [{ file, line: 1, column: 1, message: expect.stringContaining(sentence) }],
    });
  });
});
