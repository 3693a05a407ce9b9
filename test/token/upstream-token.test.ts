import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Access } from '../../src/token/access.ts';
import { loadCertificateChain } from '../../src/token/certificates.ts';
import { createClientTokens } from '../../src/token/client-token.ts';
import { type Algorithm, loadSigningKey, type SigningKey } from '../../src/token/keys.ts';
import { createUpstreamTokens } from '../../src/token/upstream-token.ts';
import { describeNeeding } from '../support/needs.ts';
import { type RunningRegistry, startRegistry } from '../support/registry.ts';
import { makeTemp, type Temp } from '../support/temp.ts';
import { makeCertificate, makeKey } from './make-keys.ts';

const NAMES = { issuer: 'registry-warden', service: 'docker-registry' };

const CATALOG: readonly Access[] = [{ type: 'registry', name: 'catalog', actions: ['*'] }];

function repository(name: string, actions: readonly string[]): readonly Access[] {
  return [{ type: 'repository', name, actions }];
}

function decode(token: string): { header: Record<string, unknown>; claims: Record<string, unknown> } {
  const [header = '', claims = ''] = token.split('.');
  const read = (text: string) => JSON.parse(Buffer.from(text, 'base64url').toString());
  return { header: read(header), claims: read(claims) };
}

describe('a token for the registry', () => {
  const START = 1_800_000_000;
  function start() {
    const clock = { seconds: START };
    let signer = { key: makeKey(), x5c: ['AAAA', 'BBBB'] };
    const tokens = createUpstreamTokens({
      signer: () => signer,
      ...NAMES,
      now: () => clock.seconds * 1000,
      random: randomBytes,
    });
    const change = (): void => {
      signer = { key: makeKey(), x5c: ['CCCC'] };
    };
    return { clock, tokens, change };
  }

  it('covers what was decided and nothing else, and brings the certificate', () => {
    const { tokens } = start();
    const token = tokens.sign('alice', repository('team/app', ['pull', 'push']));
    const { header, claims } = decode(token);
    expect(header).toEqual({ alg: 'ES256', typ: 'JWT', x5c: ['AAAA', 'BBBB'] });
    expect(claims).toEqual({
      iss: 'registry-warden',
      aud: 'docker-registry',
      sub: 'alice',
      exp: START + 300,
      nbf: START - 10,
      iat: START,
      jti: expect.stringMatching(/^[A-Za-z0-9_-]{22}$/),
      access: [{ type: 'repository', name: 'team/app', actions: ['pull', 'push'] }],
    });
  });

  it('is of another key as soon as there is one', () => {
    const { tokens, change } = start();
    const before = tokens.sign('alice', []);
    expect(tokens.sign('alice', [])).toBe(before);
    change();
    expect(decode(tokens.sign('alice', [])).header['x5c']).toEqual(['CCCC']);
  });

  it('is the same for a minute for the same subject and rights, and for no others', () => {
    const { tokens, clock } = start();
    const ask = (subject: string, name: string, ...actions: string[]) =>
      tokens.sign(subject, repository(name, actions));
    const first = ask('alice', 'a', 'pull', 'push');
    expect(ask('alice', 'a', 'pull', 'push')).toBe(first);
    for (const other of [
      ask('bob', 'a', 'pull', 'push'),
      ask('alice', 'b', 'pull', 'push'),
      ask('alice', 'a', 'pull'),
    ]) {
      expect(other).not.toBe(first);
    }
    clock.seconds += 59;
    expect(ask('alice', 'a', 'pull', 'push')).toBe(first);
    clock.seconds += 1;
    const second = ask('alice', 'a', 'pull', 'push');
    expect(second).not.toBe(first);
    clock.seconds -= 3600;
    expect(ask('alice', 'a', 'pull', 'push')).not.toBe(second);
  });
});

for (const version of [2, 3] as const) {
  describeNeeding(
    [version === 2 ? 'docker-registry' : 'distribution3', 'openssl'],
    `the registry of version ${version}`,
    () => {
      describe.each<Algorithm>(['ES256', 'RS256'])('with a key for %s', (algorithm) => {
        let temp: Temp;
        let registry: RunningRegistry;
        let key: SigningKey;
        let x5c: readonly string[];

        beforeAll(async () => {
          temp = makeTemp('upstream');
          const made = await makeCertificate(temp, 'upstream', algorithm);
          const loaded = loadSigningKey(made.keyFile, algorithm);
          if (!loaded.ok) throw new Error(loaded.problems[0]?.message);
          key = loaded.key;
          const chain = loadCertificateChain({ file: made.certificateFile, key, now: Date.now() });
          if (!chain.ok) throw new Error(chain.problems[0]?.message);
          x5c = chain.x5c;
          registry = await startRegistry({
            version,
            auth: { realm: 'http://127.0.0.1/token', ...NAMES, rootCertificateFile: made.certificateFile },
          });
        });
        afterAll(async () => {
          await registry.stop();
          await temp.stop();
        });

        const upstream = (changes: Partial<Parameters<typeof createUpstreamTokens>[0]> = {}) =>
          createUpstreamTokens({
            signer: () => ({ key, x5c }),
            ...NAMES,
            now: Date.now,
            random: randomBytes,
            ...changes,
          });
        const status = async (token: string | undefined, path: string, method = 'GET') => {
          const headers = token === undefined ? {} : { Authorization: `Bearer ${token}` };
          const answer = await fetch(`${registry.url}${path}`, { method, headers });
          await answer.arrayBuffer();
          return answer.status;
        };

        it('accepts what it was made for', async () => {
          const tokens = upstream();
          const pull = tokens.sign('', repository('team/app', ['pull']));
          const push = tokens.sign('alice', repository('team/app', ['pull', 'push']));
          expect(await status(pull, '/v2/')).toBe(200);
          expect(await status(pull, '/v2/team/app/manifests/none')).toBe(404);
          expect(await status(push, '/v2/team/app/blobs/uploads/', 'POST')).toBe(202);
          expect(await status(tokens.sign('alice', CATALOG), '/v2/_catalog')).toBe(200);
        });

        it('refuses what it was not made for', async () => {
          const tokens = upstream();
          const pull = tokens.sign('', repository('team/app', ['pull']));
          expect(await status(undefined, '/v2/')).toBe(401);
          expect(await status(pull, '/v2/team/app/blobs/uploads/', 'POST')).toBe(401);
          expect(await status(pull, '/v2/team/other/manifests/none')).toBe(401);
          expect(await status(pull, '/v2/_catalog')).toBe(401);
          expect(await status(tokens.sign('alice', CATALOG), '/v2/team/app/manifests/none')).toBe(401);
        });

        it('refuses it with another audience, issuer, key or time', async () => {
          const ask = (changes: Parameters<typeof upstream>[0]) =>
            status(upstream(changes).sign('', repository('a', ['pull'])), '/v2/');
          expect(await ask({})).toBe(200);
          expect(await ask({ service: 'other' })).toBe(401);
          expect(await ask({ issuer: 'other' })).toBe(401);
          expect(await ask({ signer: () => ({ key: makeKey(algorithm), x5c }) })).toBe(401);
          expect(await ask({ now: () => Date.now() - 3600_000 })).toBe(401);
          // A clock that is 50 seconds off, either way, does no harm.
          expect(await ask({ now: () => Date.now() - 50_000 })).toBe(200);
          expect(await ask({ now: () => Date.now() + 50_000 })).toBe(200);
        });

        it('refuses the token of a client, even with its own audience', async () => {
          const clientKeys = [makeKey(algorithm)] as const;
          for (const audience of ['registry.corp', NAMES.service]) {
            const tokens = createClientTokens({
              keys: () => clientKeys,
              issuer: NAMES.issuer,
              audience,
              use: 'registry',
              lifetimeSeconds: 300,
              now: Date.now,
              random: randomBytes,
            });
            const { token } = tokens.sign({
              subject: { name: 'alice', kind: 'person', groups: [], method: 'password' },
              address: '127.0.0.1',
              access: [{ type: 'repository', name: 'team/app', actions: ['pull', 'push'] }],
            });
            expect(tokens.verify(token)).toMatchObject({ subject: { name: 'alice' } });
            expect(await status(token, '/v2/')).toBe(401);
            expect(await status(token, '/v2/team/app/blobs/uploads/', 'POST')).toBe(401);
          }
        });

        it('names the user in its log', async () => {
          const token = upstream().sign('alice.of.ci', repository('a', ['pull']));
          await status(token, '/v2/a/manifests/none');
          expect(registry.log()).toContain('alice.of.ci');
        });
      });
    },
  );
}
