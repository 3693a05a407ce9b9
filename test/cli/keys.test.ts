import { X509Certificate } from 'node:crypto';
import { chmodSync, existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { type Algorithm, loadSigningKey } from '../../src/token/keys.ts';
import { loadUpstreamKey } from '../../src/token/upstream-key.ts';
import { createUpstreamTokens } from '../../src/token/upstream-token.ts';
import { missing } from '../support/needs.ts';
import { distribution3Program, startRegistry } from '../support/registry.ts';
import { makeTemp, type Temp } from '../support/temp.ts';
import { runCommand } from './run-command.ts';

let temp: Temp;
let files: Readonly<Record<'token' | 'key' | 'authority' | 'certificate', string>>;
beforeEach(() => {
  temp = makeTemp('keys');
  files = {
    token: temp.at('keys', 'tokens.pem'),
    key: temp.at('keys', 'upstream.pem'),
    authority: temp.at('keys', 'upstream-ca.pem'),
    certificate: temp.at('trust', 'upstream.crt'),
  };
  settings('ES256');
});
afterEach(() => temp.stop());

function settings(algorithm: Algorithm): void {
  writeFileSync(
    temp.at('warden.yaml'),
    JSON.stringify({
      publicUrl: 'http://127.0.0.1:5000',
      registry: {
        url: 'http://127.0.0.1:5001',
        keyFile: 'keys/upstream.pem',
        certificateFile: 'trust/upstream.crt',
      },
      tokens: { keyFile: 'keys/tokens.pem', algorithm },
    }),
  );
}

const run = (...args: string[]) => runCommand(temp.at('warden.yaml'), ['keys', ...args]);
const mode = (file: string) => statSync(file).mode & 0o777;

describe('warden keys init', () => {
  it.each(['ES256', 'RS256'] as const)('makes two keys and a certificate that fit: %s', async (algorithm) => {
    settings(algorithm);
    const said = await run('init');
    expect(said).toMatchObject({ status: 0, err: [] });
    expect(said.out.slice(0, 4).map((line) => line.split(' ').at(-1))).toEqual([
      files.token,
      files.authority,
      files.certificate,
      files.key,
    ]);
    const [token, key] = [loadSigningKey(files.token, algorithm), loadSigningKey(files.key, algorithm)];
    if (!token.ok || !key.ok) throw new Error('not loaded');
    expect(token.key.kid).not.toBe(key.key.kid);
    expect([token.warnings, key.warnings]).toEqual([[], []]);
    const loaded = loadUpstreamKey({
      ...{ keyFile: files.key, certificateFile: files.certificate, now: Date.now() },
    });
    expect(loaded).toMatchObject({ ok: true, warnings: [], upstream: { renewable: true } });
    const authority = new X509Certificate(readFileSync(files.certificate));
    expect(authority.subject).toBe('CN=registry-warden upstream CA');
    expect([authority.ca, authority.verify(authority.publicKey)]).toEqual([true, true]);
    expect(authority.validToDate.getUTCFullYear()).toBe(new Date().getUTCFullYear() + 10);
    const leaf = new X509Certificate(readFileSync(files.key));
    expect([leaf.subject, leaf.ca]).toEqual(['CN=registry-warden upstream', false]);
    expect([leaf.checkIssued(authority), leaf.verify(authority.publicKey)]).toEqual([true, true]);
    expect(Math.round((leaf.validToDate.getTime() - Date.now()) / 86_400_000)).toBe(90);
    const modes = [files.token, files.key, files.authority, files.certificate].map(mode);
    expect(modes).toEqual([0o600, 0o600, 0o600, 0o644]);
    expect([mode(temp.at('keys')), mode(temp.at('trust'))]).toEqual([0o700, 0o755]);
  });

  it('makes the key of redirects where the settings have them, and leaves one alone', async () => {
    const file = temp.at('keys', 'offload.conf');
    await run('init');
    expect(existsSync(file)).toBe(false);
    const settings = JSON.parse(readFileSync(temp.at('warden.yaml'), 'utf8')) as object;
    const offload = { mode: 'redirect', redirect: { keyFile: 'keys/offload.conf' } };
    writeFileSync(
      temp.at('warden.yaml'),
      JSON.stringify({ ...settings, trustedProxies: ['127.0.0.1'], offload }),
    );
    expect((await run('init')).out[0]).toBe(`made the key of redirects ${file}`);
    expect(mode(file)).toBe(0o600);
    const text = readFileSync(file, 'utf8');
    expect((await run('init')).out[0]).toBe('nothing was missing');
    expect(readFileSync(file, 'utf8')).toBe(text);
  });

  it('prints settings that a registry starts with and then takes the tokens of the key', async () => {
    if (missing('docker-registry')) return;
    for (const algorithm of ['ES256', 'RS256'] as const) {
      settings(algorithm);
      rmSync(temp.at('keys'), { recursive: true, force: true });
      rmSync(temp.at('trust'), { recursive: true, force: true });
      const { out } = await run('init');
      const { auth } = parse(out.slice(out.indexOf('auth:')).join('\n')) as {
        auth: { token: Record<string, string> };
      };
      expect(auth.token).toEqual({
        realm: 'http://127.0.0.1:5000/token',
        service: 'docker-registry',
        issuer: 'registry-warden',
        rootcertbundle: files.certificate,
      });
      const loaded = loadUpstreamKey({
        ...{ keyFile: files.key, certificateFile: files.certificate, now: Date.now() },
      });
      if (!loaded.ok) throw new Error('not loaded');
      const tokens = createUpstreamTokens({
        signer: () => loaded.upstream,
        issuer: 'registry-warden',
        service: 'docker-registry',
        now: Date.now,
        random: (bytes) => crypto.getRandomValues(new Uint8Array(bytes)),
      });
      for (const version of [2, 3] as const) {
        if (version === 3 && !distribution3Program()) continue;
        const registry = await startRegistry({
          version,
          auth: {
            realm: 'http://127.0.0.1:5000/token',
            service: 'docker-registry',
            issuer: 'registry-warden',
            rootCertificateFile: files.certificate,
          },
        });
        try {
          const headers = { Authorization: `Bearer ${tokens.sign('alice', [])}` };
          expect((await fetch(`${registry.url}/v2/`, { headers })).status).toBe(200);
          expect((await fetch(`${registry.url}/v2/`)).status).toBe(401);
        } finally {
          await registry.stop();
        }
      }
    }
  });

  it('changes nothing that is there', async () => {
    await run('init');
    const before = Object.values(files).map((file) => readFileSync(file, 'utf8'));
    const again = await run('init');
    expect(again).toMatchObject({ status: 0, err: [] });
    expect(again.out[0]).toBe('nothing was missing');
    expect(Object.values(files).map((file) => readFileSync(file, 'utf8'))).toEqual(before);
  });

  it('makes what is missing beside what is there', async () => {
    await run('init');
    const [key, token] = [readFileSync(files.key, 'utf8'), readFileSync(files.token, 'utf8')];
    rmSync(files.certificate);
    expect(await run('init')).toMatchObject({ status: 0 });
    expect(readFileSync(files.key, 'utf8')).toBe(key);
    rmSync(files.token);
    expect(await run('init')).toMatchObject({ status: 0 });
    expect(readFileSync(files.token, 'utf8')).not.toBe(token);
  });

  it('makes another key where that of the CA is there', async () => {
    await run('init');
    const before = readFileSync(files.certificate, 'utf8');
    rmSync(files.key);
    expect(await run('init')).toMatchObject({ status: 0, err: [] });
    expect(readFileSync(files.certificate, 'utf8')).toBe(before);
  });

  it('gives a key of an earlier release, which is there alone, a certificate of its own', async () => {
    await run('init');
    writeFileSync(files.key, readFileSync(files.authority));
    for (const file of [files.authority, files.certificate]) rmSync(file);
    expect(await run('init')).toMatchObject({ status: 0, err: [] });
    expect(existsSync(files.authority)).toBe(false);
    const certificate = new X509Certificate(readFileSync(files.certificate));
    expect([certificate.subject, certificate.ca]).toEqual(['CN=registry-warden upstream', false]);
    expect(certificate.verify(certificate.publicKey)).toBe(true);
    const said = await run('rotate', '--registry');
    expect([said.status, said.err.join()]).toEqual([
      2,
      expect.stringContaining('the registry trusts the certificate of the key itself'),
    ]);
  });

  it('refuses to make another key for a certificate that is there', async () => {
    await run('init');
    rmSync(files.authority);
    rmSync(files.key);
    const said = await run('init');
    expect(said.status).toBe(2);
    expect(said.err).toEqual([
      expect.stringContaining(`${files.certificate}:1:1 the certificate is there, but not its key`),
    ]);
    expect(existsSync(files.key)).toBe(false);
  });

  it('takes an algorithm that the settings have, and no other', async () => {
    const said = await run('init', '--algorithm', 'RS256');
    expect(said.status).toBe(2);
    expect(said.err).toEqual([expect.stringContaining('tokens.algorithm is ES256; set it to RS256 first')]);
    expect(existsSync(files.token)).toBe(false);
    settings('RS256');
    expect(await run('init', '--algorithm', 'RS256')).toMatchObject({ status: 0 });
    expect(loadSigningKey(files.key)).toMatchObject({ key: { algorithm: 'RS256' } });
  });

  it('says what is wrong with what is there', async () => {
    await run('init');
    writeFileSync(files.token, 'hunter2');
    const said = await run('init');
    expect(said.status).toBe(2);
    expect(said.err).toEqual([expect.stringContaining(`${files.token}:1:1 expected a PKCS#8 key`)]);
    expect(said.err.join()).not.toContain('hunter2');
  });

  it('says why a file cannot be made', async () => {
    writeFileSync(temp.at('keys'), 'a file where a folder should be');
    const said = await run('init');
    expect(said.status).toBe(2);
    expect(said.err).toHaveLength(1);
    expect(said.err[0]).toContain('cannot be made');
  });

  it('stops at problems of the settings', async () => {
    writeFileSync(temp.at('warden.yaml'), 'publicUrl: x\n');
    expect(await run('init')).toMatchObject({ status: 2, out: [] });
  });
});

describe('warden keys show', () => {
  it('shows what the keys are, and nothing that is secret', async () => {
    await run('init');
    const said = await run('show');
    expect(said).toMatchObject({ status: 0, err: [] });
    const token = loadSigningKey(files.token);
    expect(said.out[0]).toBe(`clients' tokens: ES256, kid ${token.ok && token.key.kid}, ${files.token}`);
    expect(said.out.join('\n')).toContain('rootcertbundle');
    for (const file of [files.token, files.key]) {
      const body = readFileSync(file, 'utf8').split('\n')[1] ?? '?';
      expect(said.out.join('\n')).not.toContain(body);
    }
  });

  it('says all that is missing, and makes nothing', async () => {
    const said = await run('show');
    expect(said.status).toBe(2);
    expect(said.err).toEqual([expect.stringContaining(files.token), expect.stringContaining(files.key)]);
    expect(existsSync(temp.at('keys'))).toBe(false);
  });

  it('warns when others of the machine may read a key', async () => {
    await run('init');
    chmodSync(files.key, 0o644);
    expect((await run('show')).err).toEqual([expect.stringContaining('chmod 600')]);
  });
});
