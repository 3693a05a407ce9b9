import { randomBytes } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { ringFile } from '../../src/token/key-ring-files.ts';
import { loadSigningKey } from '../../src/token/keys.ts';
import { makeLeafFile } from '../../src/token/make-certificates.ts';
import { eventually } from '../gate/eventually.ts';
import { BUILDER, type Front, startFront } from '../gate/front.ts';
import { digestOf, pushImage, smallImage } from '../gate/images.ts';
import { readLog } from '../record/read-log.ts';
import { describeNeeding } from '../support/needs.ts';
import { requireSuccess } from '../support/process.ts';
import { startRegistry } from '../support/registry.ts';
import { changeSettings } from '../support/warden.ts';
import { makePrivateKey, pemOf } from '../token/make-keys.ts';

const SCOPE = 'repository:team/app:pull,push';

function kidOf(token: string): string {
  return String(JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString())['kid']);
}

async function push(front: Front, tag: string, token: string): Promise<number> {
  const { status } = await pushImage(front.place, 'team/app', tag, smallImage(), { token, from: BUILDER });
  return status;
}

/** Several processes, and commands before them. */
const SET_UP_MS = 120_000;

describeNeeding(['docker-registry'], 'a change of keys', () => {
  let front: Front;
  beforeAll(async () => {
    front = await startFront({ users: ['alice'] });
  }, SET_UP_MS);
  afterAll(() => front?.stop());

  const keys = (...names: string[]): string => join(front.warden.folder, 'keys', ...names);
  const base = (token: string) => front.ask({ path: '/v2/', token });
  const published = async (): Promise<readonly string[]> => {
    const { text } = await front.ask({ path: '/.well-known/jwks.json' });
    return (JSON.parse(text) as { keys: { kid: string }[] }).keys.map(({ kid }) => kid);
  };
  const newToken = () => front.token({ user: 'alice', scope: SCOPE });
  const changes = () =>
    readLog(join(front.warden.folder, 'data')).filter(({ type }) => type === 'key.changed');

  it('of clients’ tokens is known before it is in force; what the old one signed and sealed goes on', async () => {
    const old = await newToken();
    expect(await published()).toEqual([kidOf(old)]);
    const send = (method: string, path: string, body?: Uint8Array) =>
      front.ask({ method, path, token: old, from: BUILDER, ...(body && { body }) });
    const begun = await send('POST', '/v2/team/app/blobs/uploads/');
    expect(begun.status).toBe(202);
    const signsFrom = Math.ceil(Date.now() / 1000 + 8) * 1000;
    writeFileSync(ringFile(keys('tokens.pem'), signsFrom), pemOf(makePrivateKey('ES256')), { mode: 0o600 });
    const known = await eventually(published, (kids) => kids.length === 2);
    expect(known[0]).toBe(kidOf(old));
    const fresh = await eventually(newToken, (token) => kidOf(token) !== kidOf(old));
    expect(Date.now()).toBeGreaterThanOrEqual(signsFrom);
    expect(kidOf(fresh)).toBe(known[1]);
    for (const token of [old, fresh]) expect((await base(token)).status).toBe(200);
    // The upload was sealed with the key of before.
    const content = randomBytes(1000);
    const next = new URL(begun.headers['location'] ?? '', front.warden.url);
    next.searchParams.set('digest', digestOf(content));
    expect((await send('PUT', next.pathname + next.search, content)).status).toBe(201);
  });

  it('that is bad on disk changes nothing, and is told of', async () => {
    const token = await newToken();
    const bad = ringFile(keys('tokens.pem'), Math.floor(Date.now() / 1000) * 1000);
    writeFileSync(bad, 'half a key');
    await eventually(
      () => front.warden.log(),
      (log) => log.includes('the keys of tokens on disk are refused; the last good ones go on'),
    );
    expect((await base(token)).status).toBe(200);
    expect(kidOf(await newToken())).toBe(kidOf(token));
    rmSync(bad);
  });

  it('by command makes one that signs later, one at a time, and is on record', async () => {
    const made = requireSuccess(await front.warden.cli(['keys', 'rotate', '--signs-in', '5']));
    expect(made.stdout).toMatch(/made the key .*tokens\.\d{8}T\d{6}Z\.pem: ES256, kid /);
    const again = await front.warden.cli(['keys', 'rotate']);
    expect([again.status, again.stderr]).toEqual([2, expect.stringContaining('another key is on its way')]);
    const [, kid = ''] = /kid (\S+)/.exec(made.stdout) ?? [];
    await eventually(published, (kids) => kids.includes(kid));
    const found = await eventually(changes, (list) => list.length > 0);
    expect(found).toMatchObject([
      {
        actor: { method: 'command', evidence: 'claimed' },
        key: { use: 'tokens', change: 'made', kid, signs: expect.any(String), from: kidOf(await newToken()) },
      },
    ]);
    const shown = requireSuccess(await front.warden.cli(['keys', 'show'])).stdout;
    expect(shown).toMatch(new RegExp(`kid ${kid}, .*; signs from `));
    const set = JSON.parse(requireSuccess(await front.warden.cli(['keys', 'jwks'])).stdout) as {
      keys: { kid: string }[];
    };
    expect(new Set(set.keys.map((one) => one.kid))).toEqual(new Set(await published()));
  });

  it('at once ends all that was signed before, and clients fetch new tokens', async () => {
    const old = await newToken();
    requireSuccess(await front.warden.cli(['keys', 'rotate', '--at-once']));
    await eventually(
      () => base(old),
      ({ status }) => status === 401,
    );
    const fresh = await newToken();
    expect((await base(fresh)).status).toBe(200);
    expect(await published()).toEqual([kidOf(fresh)]);
    await eventually(
      changes,
      (list) => list.filter((one) => (one['key'] as { change: string }).change === 'removed').length >= 2,
    );
  });

  it('of the registry’s tokens is made by Warden itself when the certificate ends before long', async () => {
    const authority = loadSigningKey(keys('upstream-ca.pem'));
    if (!authority.ok) throw new Error('not loaded');
    // One that has 50 of its 90 days left.
    const old = await makeLeafFile({
      ...{ file: keys('upstream.pem'), algorithm: 'ES256', authority: authority.key },
      now: Date.now() - 40 * 86_400_000,
    });
    front.warden.signal('SIGHUP');
    const found = await eventually(changes, (list) =>
      list.some((one) => (one['key'] as { from?: string }).from === old.key.kid),
    );
    const renewed = found.find((one) => (one['key'] as { from?: string }).from === old.key.kid);
    expect(renewed).toMatchObject({ key: { use: 'registry', change: 'made', expires: expect.any(String) } });
    expect(renewed).not.toHaveProperty('actor');
    expect(await push(front, 'renewed', await newToken())).toBe(201);
  });

  it('of the registry’s tokens needs nothing of a registry that runs', async () => {
    const { pid } = front.registry;
    const before = pid();
    const token = await newToken();
    expect(await push(front, 'before', token)).toBe(201);
    const file = readFileSync(keys('upstream.pem'), 'utf8');
    const authority = readFileSync(keys('upstream.crt'), 'utf8');
    const said = requireSuccess(await front.warden.cli(['keys', 'rotate', '--registry']));
    const [, kid = ''] = /kid (\S+)/.exec(said.stdout) ?? [];
    expect(readFileSync(keys('upstream.pem'), 'utf8')).not.toBe(file);
    expect(readFileSync(keys('upstream.crt'), 'utf8')).toBe(authority);
    await eventually(
      () => front.warden.log(),
      (log) => log.includes("another key signs the registry's tokens from now on"),
    );
    expect(await push(front, 'after', token)).toBe(201);
    for (const tag of ['before', 'after'])
      expect((await front.ask({ path: `/v2/team/app/manifests/${tag}`, token })).status).toBe(200);
    expect(pid()).toBe(before);
    await eventually(changes, (list) => list.some((one) => (one['key'] as { kid: string }).kid === kid));
    // The CA may be elsewhere, and is brought for this alone.
    writeFileSync(join(front.warden.folder, 'brought.pem'), readFileSync(keys('upstream-ca.pem')), {
      mode: 0o600,
    });
    rmSync(keys('upstream-ca.pem'));
    const without = await front.warden.cli(['keys', 'rotate', '--registry']);
    expect([without.status, without.stderr]).toEqual([2, expect.stringContaining('upstream-ca.pem')]);
    const brought = ['--ca-key', join(front.warden.folder, 'brought.pem')];
    requireSuccess(await front.warden.cli(['keys', 'rotate', '--registry', ...brought]));
    expect((await front.operations('/metrics')).text).toMatch(
      /^warden_registry_certificate_expires_timestamp_seconds [1-9]/m,
    );
  });
});

describeNeeding(
  ['docker-registry', 'distribution3'],
  'a registry of distribution 3 that has a JWKS and no bundle',
  () => {
    it('takes the tokens whose key is named there, and no others', async () => {
      const front = await startFront({ users: ['alice'] });
      const jwksFile = join(front.warden.folder, 'registry.jwks');
      writeFileSync(jwksFile, requireSuccess(await front.warden.cli(['keys', 'jwks', '--registry'])).stdout);
      const registry = await startRegistry({
        version: 3,
        auth: {
          ...{ realm: 'http://127.0.0.1/token', service: 'docker-registry', issuer: 'registry-warden' },
          jwksFile,
        },
      });
      try {
        changeSettings(front.warden.settingsFile, { registry: { url: registry.url, keyHeader: 'kid' } });
        await front.warden.restart();
        const token = await front.token({ user: 'alice', scope: SCOPE });
        expect(await push(front, 'v1', token)).toBe(201);
        expect((await fetch(`${registry.url}/v2/`)).status).toBe(401);
      } finally {
        await registry.stop();
        await front.stop();
      }
    });
  },
);
