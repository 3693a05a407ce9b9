import 'reflect-metadata';
import { generateKeyPairSync, KeyObject } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Command } from 'commander';
import { parse, stringify } from 'yaml';
import { addCheckCommand } from '../../src/cli/check.ts';
import { addServeCommand } from '../../src/cli/serve.ts';
import { POLICY } from '../gate/front.ts';
import { describeNeeding } from '../support/needs.ts';
import { canListen, freePort } from '../support/ports.ts';
import { must, run } from '../support/process.ts';
import { makeSelfSigned } from '../support/self-signed.ts';
import { makeTemp, type Temp } from '../support/temp.ts';
import { runCli } from '../support/warden.ts';

const MAIN = join(import.meta.dirname, '..', '..', 'src', 'main.ts');

interface Said {
  readonly code: number | undefined;
  readonly out: readonly string[];
  readonly err: readonly string[];
}

/** Each row breaks one thing in a set of good files. */
describeNeeding(['openssl'], 'a wrong setting of every kind', () => {
  let temp: Temp;
  let good: string;
  const at = (...parts: string[]) => temp.at(...parts);

  beforeAll(async () => {
    temp = makeTemp('settings');
    good = at('good');
    mkdirSync(good);
    writeFileSync(
      join(good, 'warden.yaml'),
      stringify({
        publicUrl: 'http://127.0.0.1:5000',
        listen: { host: '127.0.0.1', port: await freePort() },
        operations: { port: await freePort() },
        registry: {
          url: 'http://127.0.0.1:5001',
          keyFile: 'keys/upstream.pem',
          certificateFile: 'keys/upstream.crt',
        },
        tokens: { keyFile: 'keys/tokens.pem' },
        policy: 'policy.yaml',
        users: 'users.yaml',
        data: 'data',
      }),
    );
    writeFileSync(join(good, 'policy.yaml'), POLICY);
    const settings = join(good, 'warden.yaml');
    for (const words of [
      ['keys', 'init'],
      ['user', 'add', 'alice', '--generate'],
    ]) {
      const { status, stderr } = await runCli(settings, words);
      expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' });
    }
  }, 60_000);
  afterAll(() => temp?.stop());

  /** A copy of the good files, changed. */
  async function broken(change: (folder: string) => void | Promise<void>): Promise<string> {
    const folder = at('broken');
    rmSync(folder, { recursive: true, force: true });
    await must('cp', ['-a', good, folder]);
    await change(folder);
    return join(folder, 'warden.yaml');
  }

  /** A command, run in this process with an output of its own. */
  async function say(command: 'check' | 'serve', config: string): Promise<Said> {
    const out: string[] = [];
    const err: string[] = [];
    let code: number | undefined;
    const program = new Command('warden');
    const deps = {
      io: { out: (line: string) => out.push(line), err: (line: string) => err.push(line) },
      defaultConfig: '',
      version: '0',
      onSignals: () => undefined,
      end: () => undefined,
      exit: (status: number) => {
        code = status;
      },
    };
    addCheckCommand(program, deps);
    addServeCommand(program, deps);
    await program.parseAsync(['node', 'warden', command, '--config', config]);
    return { code, out, err };
  }

  const edit = (file: string, change: (text: string) => string) => (folder: string) => {
    const path = join(folder, file);
    const before = readFileSync(path, 'utf8');
    const after = change(before);
    expect(after).not.toBe(before);
    writeFileSync(path, after);
  };
  /** Sets a value by its keys; undefined takes the key away. */
  const set = (keys: string, value: unknown) =>
    edit('warden.yaml', (text) => {
      const settings = parse(text) as Record<string, unknown>;
      const path = keys.split('.');
      let inside = settings;
      for (const key of path.slice(0, -1)) {
        inside[key] ??= {};
        inside = inside[key] as Record<string, unknown>;
      }
      if (value === undefined) delete inside[path.at(-1) as string];
      else inside[path.at(-1) as string] = value;
      return stringify(settings);
    });
  const append = (file: string, text: string) => edit(file, (before) => before + text);
  const write = (file: string, text: string | (() => string)) => (folder: string) =>
    writeFileSync(join(folder, file), typeof text === 'string' ? text : text(), { mode: 0o600 });
  const remove = (file: string) => (folder: string) => rmSync(join(folder, file), { recursive: true });
  const rule = (text: string) => append('policy.yaml', `  - ${text}\n`);
  const pem = (type: 'ec' | 'rsa' | 'ed25519', option: string | number = '') => {
    const { privateKey } =
      type === 'ec'
        ? generateKeyPairSync('ec', { namedCurve: String(option) })
        : type === 'rsa'
          ? generateKeyPairSync('rsa', { modulusLength: Number(option) })
          : generateKeyPairSync('ed25519');
    return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  };
  async function certificate(folder: string, name: string, ...more: string[]): Promise<void> {
    const files = { key: join(folder, `${name}.pem`), cert: join(folder, `${name}.crt`) };
    await makeSelfSigned(files, 'x', ...more);
  }

  async function expiredCertificate(folder: string, name: string): Promise<void> {
    const { X509CertificateGenerator } = await import('@peculiar/x509');
    const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
    const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
    const made = await X509CertificateGenerator.createSelfSigned({
      name: 'CN=x',
      keys,
      signingAlgorithm: algorithm,
      notBefore: new Date('2020-01-01T00:00:00Z'),
      notAfter: new Date('2020-02-01T00:00:00Z'),
    });
    writeFileSync(join(folder, `${name}.crt`), made.toString('pem'));
    writeFileSync(
      join(folder, `${name}.pem`),
      KeyObject.from(keys.privateKey).export({ type: 'pkcs8', format: 'pem' }),
    );
  }

  it('is none in the files that these tests begin with', async () => {
    const { code, out } = await say('check', join(good, 'warden.yaml'));
    expect(code).toBeUndefined();
    expect(out).toEqual([expect.stringMatching(/warden\.yaml: good \(\d warnings?\); policy sha256:/)]);
  });

  /** What is wrong, what breaks it, in which file and where, and what the sentence holds. */
  const rows: readonly (readonly [string, (folder: string) => void | Promise<void>, string, RegExp])[] = [
    // The file itself.
    ['no settings file', remove('warden.yaml'), 'warden.yaml:1:1', /cannot be read: it does not exist/],
    ['an empty settings file', write('warden.yaml', ''), 'warden.yaml:1:1', /holds nothing/],
    ['a settings file that is a list', write('warden.yaml', '- a\n'), 'warden.yaml:1:1', /expected/],
    ['a broken bracket', append('warden.yaml', 'log: { level: [\n'), 'warden.yaml:', /./],
    ['a tab as indent', append('warden.yaml', 'log:\n\tlevel: info\n'), 'warden.yaml:', /tab/],
    ['a key twice', append('warden.yaml', 'policy: other\n'), 'warden.yaml:', /stands twice/],
    ['an anchor', append('warden.yaml', 'log: &a { level: info }\n'), 'warden.yaml:', /anchors/],
    ['a tag', append('warden.yaml', 'log: !!map { level: info }\n'), 'warden.yaml:', /tags/],
    ['two documents', append('warden.yaml', '---\na: 1\n'), 'warden.yaml:', /one document/],
    [
      'an unknown key',
      append('warden.yaml', 'trustedProxy: []\n'),
      'warden.yaml:',
      /unknown key `trustedProxy`.*trustedProxies/,
    ],
    ['an unknown key inside', set('listen.adress', 'x'), 'warden.yaml:', /unknown key `adress`/],
    // Single settings.
    ['no publicUrl', set('publicUrl', undefined), 'warden.yaml:', /publicUrl/],
    [
      'a publicUrl with a path',
      set('publicUrl', 'https://registry.example/v2/'),
      'warden.yaml:',
      /publicUrl/,
    ],
    [
      'a publicUrl without a scheme',
      set('publicUrl', 'registry.example:5000'),
      'warden.yaml:',
      /publicUrl.*expected http/,
    ],
    [
      'a publicUrl in capitals',
      set('publicUrl', 'http://Registry.example'),
      'warden.yaml:',
      /publicUrl.*lower case/,
    ],
    ['a port out of range', set('listen.port', 70_000), 'warden.yaml:', /listen\.port/],
    ['a port as text', set('listen.port', '5000'), 'warden.yaml:', /listen\.port/],
    ['a name to listen on', set('listen.host', 'localhost'), 'warden.yaml:', /listen\.host.*address/],
    ['every proxy trusted', set('trustedProxies', ['0.0.0.0/0']), 'warden.yaml:', /believe every client/],
    ['a star for a proxy', set('trustedProxies', ['*']), 'warden.yaml:', /believe every client/],
    [
      'an address with host bits for a proxy',
      set('trustedProxies', ['10.1.2.3/8']),
      'warden.yaml:',
      /10\.1\.2\.3\/8/,
    ],
    ['an octal address for a proxy', set('trustedProxies', ['010.1.2.3']), 'warden.yaml:', /010\.1\.2\.3/],
    ['a truth as text', set('allowCredentialsOverHttp', 'yes'), 'warden.yaml:', /allowCredentialsOverHttp/],
    [
      'a life of tokens that clients ignore',
      set('tokens.lifetimeSeconds', 30),
      'warden.yaml:',
      /lifetimeSeconds.*60/,
    ],
    ['an algorithm of shared secrets', set('tokens.algorithm', 'HS256'), 'warden.yaml:', /algorithm.*ES256/],
    ['no algorithm at all', set('tokens.algorithm', 'none'), 'warden.yaml:', /algorithm/],
    ['a service with a quote', set('service', 'a"b'), 'warden.yaml:', /service.*quotes/],
    ['a log level of another program', set('log.level', 'verbose'), 'warden.yaml:', /level/],
    ['half a second to settle', set('record.settleSeconds', 0.5), 'warden.yaml:', /settleSeconds/],
    ['no settings of the registry', set('registry', undefined), 'warden.yaml:', /registry/],
    [
      'an address of the registry with a user',
      set('registry.url', 'http://u:p@127.0.0.1:5001'),
      'warden.yaml:',
      /registry\.url/,
    ],
    [
      'a redirect host with a scheme',
      set('registry.redirectHosts', ['https://s3.example']),
      'warden.yaml:',
      /redirectHosts/,
    ],
    // Settings that do not go together.
    [
      'https without TLS',
      set('publicUrl', 'https://registry.example'),
      'warden.yaml:',
      /publicUrl.*neither listen\.tls/,
    ],
    [
      'the registry where Warden is',
      set('registry.url', 'http://127.0.0.1:5000'),
      'warden.yaml:',
      /registry\.url.*Warden itself/,
    ],
    [
      'one key for both locks',
      set('tokens.keyFile', 'keys/upstream.pem'),
      'warden.yaml:',
      /keyFile.*two keys/,
    ],
    ['one audience for both locks', set('service', 'docker-registry'), 'warden.yaml:', /audiences/],
    ['a session that outlives its end', set('sessions', { idleDays: 200 }), 'warden.yaml:', /idleDays/],
    // Keys and certificates.
    ['no key for tokens', remove('keys/tokens.pem'), 'tokens.pem:1:1', /cannot be read/],
    ['no key for the registry', remove('keys/upstream.pem'), 'upstream.pem:1:1', /cannot be read/],
    ['a key that is a folder', set('tokens.keyFile', 'keys'), 'keys:1:1', /folder/],
    [
      'a key that is no PEM',
      write('keys/tokens.pem', 'secret-canary'),
      'tokens.pem:1:1',
      /BEGIN PRIVATE KEY/,
    ],
    [
      'a key that is cut',
      edit('keys/tokens.pem', (text) => text.replace(/\n[^-\n]{40}/, '\n')),
      'tokens.pem:1:1',
      /damaged/,
    ],
    ['a key on another curve', write('keys/tokens.pem', () => pem('ec', 'P-384')), 'tokens.pem:1:1', /P-256/],
    ['a short RSA key', write('keys/tokens.pem', () => pem('rsa', 1024)), 'tokens.pem:1:1', /1024 bits/],
    [
      'a key of a kind that registries die of',
      write('keys/tokens.pem', () => pem('ed25519')),
      'tokens.pem:1:1',
      /ed25519/,
    ],
    ['a key for the other algorithm', set('tokens.algorithm', 'RS256'), 'tokens.pem:1:1', /RS256/],
    [
      'no key for redirects',
      (folder) => {
        set('trustedProxies', ['127.0.0.1'])(folder);
        set('offload', { mode: 'redirect', redirect: { keyFile: 'keys/offload.conf' } })(folder);
      },
      'offload.conf:1:1',
      /cannot be read: there is no such file.*offload\.redirect\.keyFile at .*warden\.yaml:/,
    ],
    [
      'the same key in two files',
      (folder) =>
        writeFileSync(join(folder, 'keys/tokens.pem'), readFileSync(join(folder, 'keys/upstream.pem'))),
      'upstream.pem:1:1',
      /same key/,
    ],
    ['no certificate', remove('keys/upstream.crt'), 'upstream.crt:1:1', /cannot be read/],
    [
      'a certificate that is a key',
      (folder) =>
        writeFileSync(join(folder, 'keys/upstream.crt'), readFileSync(join(folder, 'keys/upstream.pem'))),
      'upstream.crt:1:1',
      /BEGIN CERTIFICATE/,
    ],
    [
      'a certificate of another key',
      async (folder) => {
        await certificate(folder, 'other', '-days', '2');
        writeFileSync(join(folder, 'keys/upstream.crt'), readFileSync(join(folder, 'other.crt')));
      },
      'upstream.crt:1:1',
      /another authority/,
    ],
    [
      'no certificate for TLS',
      set('listen.tls', { certificateFile: 'tls.crt', keyFile: 'tls.pem' }),
      'warden.yaml:',
      /publicUrl/,
    ],
    [
      'a certificate for TLS that does not exist',
      (folder) => {
        set('listen.tls', { certificateFile: 'tls.crt', keyFile: 'tls.pem' })(folder);
        set('publicUrl', 'https://127.0.0.1:5000')(folder);
      },
      'tls.crt:1:1',
      /does not exist/,
    ],
    [
      'a key for TLS of another certificate',
      async (folder) => {
        set('listen.tls', { certificateFile: 'tls.crt', keyFile: 'other.pem' })(folder);
        set('publicUrl', 'https://127.0.0.1:5000')(folder);
        await certificate(folder, 'tls', '-days', '2');
        await certificate(folder, 'other', '-days', '2');
      },
      'other.pem:1:1',
      /private key of the certificate/,
    ],
    [
      'a certificate for TLS that has expired',
      async (folder) => {
        set('listen.tls', { certificateFile: 'tls.crt', keyFile: 'tls.pem' })(folder);
        set('publicUrl', 'https://127.0.0.1:5000')(folder);
        await expiredCertificate(folder, 'tls');
      },
      'tls.crt:1:1',
      /expired/,
    ],
    [
      'no file with the address of Redis',
      set('state', { redisUrlFile: 'redis.url' }),
      'redis.url:1:1',
      /does not exist/,
    ],
    [
      'an address of Redis that is none',
      (folder) => {
        set('state', { redisUrlFile: 'redis.url' })(folder);
        writeFileSync(join(folder, 'redis.url'), 'http://:secret-canary@127.0.0.1\n');
      },
      'redis.url:1:1',
      /redis:\/\//,
    ],
    // Users.
    ['no users file', remove('users.yaml'), 'users.yaml:1:1', /warden user add/],
    [
      'a password in the clear',
      write('users.yaml', 'users: { alice: { password: secret-canary } }\n'),
      'users.yaml:1:',
      /bcrypt/,
    ],
    [
      'a user without a password',
      write('users.yaml', 'users: { alice: { groups: [ci] } }\n'),
      'users.yaml:1:',
      /password/,
    ],
    [
      'a user in capitals',
      edit('users.yaml', (text) => text.replace('alice', 'Alice')),
      'users.yaml:',
      /name/,
    ],
    [
      'a user twice',
      edit('users.yaml', (text) => `${text}${text.replace(/^users:\n/, '')}`),
      'users.yaml:',
      /twice/,
    ],
    [
      'a group that is a pattern',
      edit('users.yaml', (text) => text.replace('groups: []', 'groups: ["*"]')),
      'users.yaml:',
      /name|groups|twice/,
    ],
    [
      'a key of users that does not exist',
      write('users.yaml', 'users: {}\nadmins: {}\n'),
      'users.yaml:2:1',
      /unknown key `admins`/,
    ],
    // Policy.
    ['no policy', remove('policy.yaml'), 'policy.yaml:1:1', /does not exist/],
    [
      'an empty folder of policies',
      (folder) => {
        rmSync(join(folder, 'policy.yaml'));
        mkdirSync(join(folder, 'policy.yaml'));
      },
      'policy.yaml:1:1',
      /no \*\.yaml file/,
    ],
    [
      'a policy without rules',
      write('policy.yaml', 'networks: { a: [10.0.0.0/8] }\n'),
      'policy.yaml:1:1',
      /no file of the policy has rules/,
    ],
    [
      'a condition that is misspelt',
      rule('{ id: x, allow: [push], repositories: ["**"], match: { team: a } }'),
      'policy.yaml:',
      /unknown key `match`/,
    ],
    [
      'an action that does not exist',
      rule('{ id: x, allow: [write], repositories: ["**"] }'),
      'policy.yaml:',
      /write|expected/,
    ],
    [
      'a rule that allows and denies',
      rule('{ id: x, allow: [pull], deny: [push], repositories: ["**"] }'),
      'policy.yaml:',
      /not both/,
    ],
    [
      'a rule that does neither',
      rule('{ id: x, repositories: ["**"] }'),
      'policy.yaml:',
      /needs allow or deny/,
    ],
    [
      'a rule for nobody in particular',
      rule('{ id: x, allow: [push], repositories: ["**"], who: {} }'),
      'policy.yaml:',
      /empty match/,
    ],
    [
      'a rule from nowhere',
      rule('{ id: x, allow: [push], repositories: ["**"], from: [] }'),
      'policy.yaml:',
      /from/,
    ],
    [
      'a network that does not exist',
      rule('{ id: x, allow: [push], repositories: ["**"], from: [buiders] }'),
      'policy.yaml:',
      /buiders/,
    ],
    [
      'a network in a circle',
      edit('policy.yaml', (text) => text.replace('networks:', 'networks:\n  a: [b]\n  b: [a]')),
      'policy.yaml:',
      /contains itself: a -> b -> a/,
    ],
    [
      'a tag on a pull',
      rule('{ id: x, allow: [pull], repositories: ["**"], tags: [prod] }'),
      'policy.yaml:',
      /tags cannot stand with pull/,
    ],
    [
      'a rule twice',
      rule('{ id: team-push, allow: [pull], repositories: ["**"] }'),
      'policy.yaml:',
      /already the name of a rule/,
    ],
    [
      'an address of two hosts',
      edit('policy.yaml', (text) => text.replace('hosts:', 'hosts:\n  twin: { addresses: [127.0.0.5] }')),
      'policy.yaml:',
      /127\.0\.0\.5/,
    ],
    [
      'a group that is a pattern in a rule',
      rule('{ id: x, allow: [push], repositories: ["**"], who: { groups: ["*"] } }'),
      'policy.yaml:',
      /not patterns/,
    ],
    [
      'a message with a control character',
      rule('{ id: x, allow: [push], repositories: ["**"], message: "a\\u0007b" }'),
      'policy.yaml:',
      /control/,
    ],
    [
      'a repository in capitals',
      rule('{ id: x, allow: [push], repositories: ["Team/**"] }'),
      'policy.yaml:',
      /Team/,
    ],
  ];

  it('has enough rows', () => {
    expect(rows.length).toBeGreaterThanOrEqual(60);
  });

  it.each(rows)('is told in one sentence with its place: %s', async (_what, change, place, sentence) => {
    const config = await broken(change);
    const checked = await say('check', config);
    expect(checked.code).toBe(2);
    expect(checked.out).toEqual([]);
    const problems = checked.err.slice(0, -1).filter((line) => !line.endsWith('(warning)'));
    expect(checked.err.at(-1)).toBe(
      `${config}: ${problems.length} problem${problems.length === 1 ? '' : 's'}`,
    );
    const told = problems.find((line) => line.includes(`/${place}`) && sentence.test(line));
    expect(told === undefined ? problems : []).toEqual([]);
    for (const line of problems) {
      expect(line).toMatch(/^\/\S+:\d+:\d+ [^\n]{10,500}$/);
      expect(line).not.toMatch(/secret-canary|undefined|\[object|Invalid input/);
      expect(line).not.toMatch(/[.!]$/);
    }
    // What is wrong in one place is not told of ten.
    expect(problems.length).toBeLessThanOrEqual(3);

    const served = await say('serve', config);
    expect(served.code).toBe(2);
    expect(served.err.at(-1)).toMatch(/^warden: not started: \d+ problems? in /);
    expect(served.err.slice(0, -1)).toEqual(problems);
  });

  it('is told with all the others at once', async () => {
    const config = await broken(async (folder) => {
      set('tokens.lifetimeSeconds', 30)(folder);
      set('log.level', 'loud')(folder);
      write('users.yaml', 'users: { alice: {} }\n')(folder);
      rule('{ id: x, allow: [push], repositories: ["**"], match: {} }')(folder);
    });
    const { err } = await say('check', config);
    const text = err.join('\n');
    for (const part of [
      /warden\.yaml:.*lifetimeSeconds/,
      /warden\.yaml:.*level/,
      /users\.yaml:/,
      /policy\.yaml:.*match/,
    ]) {
      expect(text).toMatch(part);
    }
  });

  it('ends the process with 2, and nothing has listened', async () => {
    const config = await broken(set('tokens.lifetimeSeconds', 30));
    const { listen, operations } = parse(readFileSync(config, 'utf8')) as {
      listen: { port: number };
      operations: { port: number };
    };
    for (const command of ['serve', 'check']) {
      const { status, stdout, stderr } = await run(process.execPath, [MAIN, command, '--config', config]);
      expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
      expect(stderr).toMatch(/warden\.yaml:\d+:\d+ .*lifetimeSeconds/);
      expect(stderr).not.toMatch(/ {4}at /);
    }
    expect(await canListen(listen.port)).toBe(true);
    expect(await canListen(operations.port)).toBe(true);
  });

  it('is a warning where records are forwarded into a folder that is not there', async () => {
    const config = await broken(set('forward', [{ name: 'elk', file: { path: 'nowhere/records.jsonl' } }]));
    const { code, err } = await say('check', config);
    expect(code).toBeUndefined();
    expect(
      err.filter((line) => /records\.jsonl:1:1 its folder .*nowhere does not exist/.test(line)),
    ).toHaveLength(1);
  });

  it('is a warning where it is only unwise', async () => {
    const config = await broken((folder) => {
      chmodSync(join(folder, 'keys/tokens.pem'), 0o644);
      set('allowCredentialsOverHttp', true)(folder);
    });
    const { code, err } = await say('check', config);
    expect(code).toBeUndefined();
    expect(
      err.filter((line) => /tokens\.pem:1:1 .*open to other users.*\(warning\)$/.test(line)),
    ).toHaveLength(1);
    expect(err.filter((line) => /allowCredentialsOverHttp.*\(warning\)$/.test(line))).toHaveLength(1);
  });

  it('is a warning where a password of a database or of Redis is open to others', async () => {
    const warned = async (redis: string, mode: number) => {
      const config = await broken((folder) => {
        set('store', { postgresUrlFile: 'database.url' })(folder);
        set('state', { redisUrlFile: 'redis.url' })(folder);
        writeFileSync(join(folder, 'database.url'), 'postgresql://warden:secret-canary@127.0.0.1/warden\n');
        writeFileSync(join(folder, 'redis.url'), `${redis}\n`);
        for (const name of ['database.url', 'redis.url']) chmodSync(join(folder, name), mode);
      });
      const { err } = await say('check', config);
      expect(err.join('\n')).not.toContain('secret-canary');
      return err.flatMap((line) => /(\w+\.url):1:1 the secret is open to other users/.exec(line)?.[1] ?? []);
    };
    const redis = 'redis://:secret-canary@127.0.0.1';
    expect(await warned(redis, 0o644)).toEqual(['redis.url', 'database.url']);
    expect(await warned('redis://127.0.0.1', 0o644)).toEqual(['database.url']);
    expect(await warned(redis, 0o600)).toEqual([]);
  });

  it('of the command line is told too', async () => {
    for (const words of [['serv'], ['serve', '--confg', 'x'], ['check', 'extra']]) {
      const { status, stderr } = await run(process.execPath, [MAIN, ...words]);
      expect(status).not.toBe(0);
      expect(stderr).toMatch(/error:/);
    }
  });
});
