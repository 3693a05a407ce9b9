import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { loadSettings } from '../../src/config/settings.ts';
import { settingsSchema } from '../../src/config/settings-schema.ts';
import { describeProblem } from '../../src/config/yaml.ts';

const LEAST = `publicUrl: http://127.0.0.1:5000
registry: { url: "http://127.0.0.1:5001", keyFile: up.key, certificateFile: up.pem }
tokens: { keyFile: tokens.key }
`;

async function load(text: string) {
  const loaded = await loadSettings('/etc/warden/warden.yaml', async () => ({ ok: true, text }));
  return loaded.ok
    ? { settings: loaded.settings, problems: [], warnings: loaded.warnings.map(describeProblem) }
    : { settings: undefined, problems: loaded.problems.map(describeProblem), warnings: [] };
}

describe('loadSettings', () => {
  it('needs three things and fills in the rest, with paths from the folder of the file', async () => {
    const { settings, problems, warnings } = await load(LEAST);
    expect([problems, warnings]).toEqual([[], []]);
    expect(settings).toEqual({
      file: '/etc/warden/warden.yaml',
      forward: [],
      reconcile: { notifications: false, requestsPerSecond: 20 },
      page: { enabled: true, sessionHours: 12, signIn: [] },
      oidc: [],
      robots: { maximumDays: 365, maximumOverlapHours: 168, warnDays: 14 },
      grants: { usualMinutes: 60, maximumMinutes: 480, approvalMinutes: 1440, openPerOwner: 100 },
      publicUrl: 'http://127.0.0.1:5000',
      alternateUrls: [],
      service: '127.0.0.1:5000',
      listen: { host: '127.0.0.1', port: 5000 },
      operations: { host: '127.0.0.1', port: 9464 },
      trustedProxies: [],
      allowCredentialsOverHttp: false,
      registry: {
        url: 'http://127.0.0.1:5001',
        issuer: 'registry-warden',
        service: 'docker-registry',
        caKeyFile: '/etc/warden/up-ca.key',
        keyHeader: 'x5c',
        keyFile: '/etc/warden/up.key',
        certificateFile: '/etc/warden/up.pem',
        deletes: false,
        redirectHosts: [],
        responseTimeoutSeconds: 60,
        connectTimeoutSeconds: 10,
        commitTimeoutSeconds: 1800,
      },
      tokens: {
        issuer: 'registry-warden',
        algorithm: 'ES256',
        keyFile: '/etc/warden/tokens.key',
        lifetimeSeconds: 300,
      },
      policy: '/etc/warden/policies',
      users: '/etc/warden/users.yaml',
      data: '/etc/warden/data',
      clients: {
        headSeconds: 60,
        bodySeconds: 60,
        idleSeconds: 300,
        keepAliveSeconds: 75,
        requestsPerAddress: 1024,
        connectionsPerAddress: 2048,
      },
      sessions: { enabled: true, idleDays: 30, absoluteDays: 180, bind: 'none' },
      logins: {
        failuresPerMinute: { byAddress: 30, byUserAndAddress: 10, overall: 300 },
        rememberSeconds: 60,
      },
      record: {
        minimumFreeMegabytes: 64,
        settleSeconds: 60,
        timeoutSeconds: 10,
        warnDays: 7,
        warnFreeMegabytes: 1024,
      },
      shutdown: { graceSeconds: 600 },
      log: { level: 'info' },
      api: { service: '127.0.0.1:5000/api' },
    });
  });

  it('keeps absolute paths, and makes those of optional keys absolute', async () => {
    const { settings } = await load(
      `${LEAST.replace('http://127.0.0.1:5000', 'https://r.corp')}listen: { tls: { certificateFile: ../c.pem, keyFile: /k.pem } }
state: { redisUrlFile: redis.url }
data: /var/lib/warden
`,
    );
    expect(settings).toMatchObject({
      service: 'r.corp',
      listen: { port: 5000, tls: { certificateFile: '/etc/c.pem', keyFile: '/k.pem' } },
      state: { redisUrlFile: '/etc/warden/redis.url' },
      data: '/var/lib/warden',
    });
  });

  it('gives a value that nobody can change', async () => {
    const { settings } = await load(LEAST);
    for (const part of [
      settings,
      settings?.registry,
      settings?.logins.failuresPerMinute,
      settings?.trustedProxies,
    ]) {
      expect(Object.isFrozen(part)).toBe(true);
    }
  });

  it.each([
    [
      'an unknown key',
      'trustedProxys: []',
      'warden.yaml:4:1 unknown key `trustedProxys`; did you mean `trustedProxies`?',
    ],
    [
      'an unknown key inside',
      'listen: { prot: 1 }',
      'warden.yaml:4:11 listen: unknown key `prot`; did you mean `port`?',
    ],
    [
      'every proxy',
      'trustedProxies: ["*"]',
      'warden.yaml:4:18 trustedProxies[0]: "*" would believe every client',
    ],
    ['every IPv4 proxy', 'trustedProxies: [0.0.0.0/0]', '"0.0.0.0/0" would believe every client'],
    ['every IPv6 proxy', 'trustedProxies: ["::/0"]', '"::/0" would believe every client'],
    [
      'every proxy in another spelling',
      'trustedProxies: [0.0.0.0/00]',
      '"0.0.0.0/00" would believe every client',
    ],
    ['a proxy by name', 'trustedProxies: [proxy.corp]', '"proxy.corp" is not an address or a range'],
    ['a proxy with a zone', 'trustedProxies: ["fe80::1%eth0"]', 'is not an address or a range'],
    [
      'a listener by name',
      'listen: { host: localhost }',
      'listen.host: expected an address such as 127.0.0.1',
    ],
    [
      'a listener in another spelling',
      'listen: { host: "::ffff:127.0.0.1" }',
      'listen.host: expected an address',
    ],
    ['a port that is none', 'listen: { port: 65536 }', 'listen.port: expected at most 65535'],
    ['a port in quotes', 'listen: { port: "5000" }', 'listen.port: expected a number, found a text'],
    ['half a certificate', 'listen: { tls: { keyFile: k } }', 'listen.tls.certificateFile is missing'],
    ['a service that breaks the challenge', `service: 'a"b'`, 'service: expected printable ASCII'],
    ['the audience of the registry', 'service: docker-registry', 'are three audiences and must differ'],
    ['the audience of the API', 'api: { service: "127.0.0.1:5000" }', 'are three audiences and must differ'],
    [
      'a session that ends before it is idle',
      'sessions: { idleDays: 9, absoluteDays: 8 }',
      'warden.yaml:4:23 sessions.idleDays: more than',
    ],
    [
      'operations on the port of clients',
      'operations: { port: 5000 }',
      'operations.port: the same address and port as listen',
    ],
    [
      'a level that is none',
      'log: { level: verbose }',
      'log.level: expected one of fatal, error, warn, info',
    ],
    ['a switch that is a word', 'allowCredentialsOverHttp: "true"', 'expected true or false, found a text'],
    [
      'an alternate address with a path',
      'alternateUrls: ["https://r.corp/v2/"]',
      'alternateUrls[0]: expected http:// or https://',
    ],
    [
      'plain http beside TLS',
      'listen: { tls: { keyFile: k, certificateFile: c } }',
      'publicUrl: is http, but listen.tls is set',
    ],
    ['a path of nothing', 'data: ""', 'data: an empty text says nothing'],
    [
      'the registry under another name of Warden',
      'alternateUrls: ["http://127.0.0.1:5001"]',
      'registry.url: this is where Warden itself',
    ],
    [
      'the registry at Warden’s listener',
      'listen: { port: 5001 }',
      'registry.url: this is where Warden itself is reached',
    ],
    [
      'the registry at Warden’s wide listener',
      'listen: { port: 5001, host: "::" }',
      'registry.url: this is where Warden',
    ],
  ])('refuses %s', async (_name, line, wanted) => {
    const { settings, problems } = await load(`${LEAST}${line}\n`);
    expect(settings).toBeUndefined();
    expect(problems.join('\n')).toContain(wanted);
  });

  it.each([
    ['publicUrl: registry.corp', 'publicUrl: expected http:// or https://'],
    ['publicUrl: https://registry.corp/', 'nothing behind'],
    ['publicUrl: https://Registry.corp', 'lower case'],
    ['publicUrl: https://user:pw@registry.corp', 'expected http:// or https://'],
    ['publicUrl: https://registry.corp:0', 'expected http:// or https://'],
    ['publicUrl: https://registry.corp:65536', 'expected http:// or https://'],
    ['publicUrl: https://010.0.0.1', 'expected http:// or https://'],
    ['publicUrl: https://[::1%eth0]:5000', 'expected http:// or https://'],
    ['publicUrl: https://registry.corp?x', 'expected http:// or https://'],
    ['publicUrl: ftp://registry.corp', 'expected http:// or https://'],
    [
      'publicUrl: https://registry.corp',
      'is https, but there is neither listen.tls nor a proxy in trustedProxies',
    ],
    ['publicUrl: http://127.0.0.1:5001', 'registry.url: this is where Warden itself is reached'],
  ])('refuses %s', async (line, wanted) => {
    const { problems } = await load(LEAST.replace(/^publicUrl.*$/m, line));
    expect(problems.join('\n')).toContain(wanted);
  });

  it.each([
    'http://127.0.0.1:5000',
    'http://[::1]:5000',
    'http://registry.corp',
    'http://a-b.c1:80',
    'http://localhost:1',
  ])('takes %s for an address', async (url) => {
    expect((await load(LEAST.replace('http://127.0.0.1:5000', `"${url}"`))).problems).toEqual([]);
  });

  it('refuses one key for both locks, however its path is written', async () => {
    const { problems } = await load(LEAST.replace('tokens.key', '/etc/warden/x/../up.key'));
    expect(problems).toEqual([
      expect.stringContaining('warden.yaml:3:20 tokens.keyFile: the same key as registry.keyFile'),
    ]);
  });

  it.each([
    [
      'that logins will be refused',
      'listen: { host: 0.0.0.0 }',
      'listen: logins from other machines will be refused',
    ],
    [
      'of passwords in the clear',
      'allowCredentialsOverHttp: true',
      'allowCredentialsOverHttp: passwords may cross',
    ],
    [
      'of metrics for everyone',
      'operations: { host: 0.0.0.0, port: 9 }',
      'operations.host: other machines can read',
    ],
    [
      'of many proxies',
      'trustedProxies: [10.0.0.0/8]',
      'trustedProxies[0]: every machine in 10.0.0.0/8 can claim',
    ],
  ])('warns %s', async (_name, line, wanted) => {
    const { problems, warnings } = await load(`${LEAST}${line}\n`);
    expect(problems).toEqual([]);
    expect(warnings).toEqual([expect.stringContaining(wanted)]);
  });

  it('warns of a registry on another machine without TLS', async () => {
    const { warnings } = await load(LEAST.replace('http://127.0.0.1:5001', 'http://10.0.0.5:5001'));
    expect(warnings).toEqual([expect.stringContaining('registry.url: plain HTTP to another machine')]);
  });

  it('names all problems at once', async () => {
    expect((await load('listen: { port: x }\nlog: 1\nfoo: 1\n')).problems).toHaveLength(6);
  });

  it('describes every key, for its documentation', () => {
    const bare: string[] = [];
    const walk = (schema: { description?: string; properties?: object }, path: string) => {
      for (const [key, inner] of Object.entries(schema.properties ?? {})) {
        if (typeof inner.description !== 'string') bare.push(`${path}${key}`);
        walk(inner, `${path}${key}.`);
      }
    };
    const document = z.toJSONSchema(settingsSchema, { io: 'input' }) as { properties?: object };
    walk(document, '');
    expect(Object.keys(document.properties ?? {}).length).toBeGreaterThan(15);
    expect(bare).toEqual([]);
  });
});

describe('a file of settings', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'warden-settings-'));
    await writeFile(join(folder, 'bytes.yaml'), Buffer.from([0x61, 0x3a, 0x20, 0xff, 0xfe]));
    await writeFile(join(folder, 'good.yaml'), LEAST);
  });
  afterAll(async () => {
    await rm(folder, { recursive: true });
  });

  it.each([
    ['missing.yaml', 'cannot be read: it does not exist'],
    ['.', 'cannot be read: it is a folder, not a file'],
    ['good.yaml/x', 'cannot be read: a part of its path is a file, not a folder'],
    ['bytes.yaml', 'cannot be read: it is not UTF-8 text'],
  ])('that cannot be read is one sentence: %s', async (name, wanted) => {
    const loaded = await loadSettings(join(folder, name));
    const message = `${wanted}; the settings are named with --config, or in WARDEN_CONFIG`;
    expect(loaded).toMatchObject({ ok: false, problems: [{ file: join(folder, name), message }] });
  });

  it('is read from disk', async () => {
    expect(await loadSettings(join(folder, 'good.yaml'))).toMatchObject({
      ok: true,
      settings: { data: join(folder, 'data') },
    });
  });
});
