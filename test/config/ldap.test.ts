import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { loadSettings } from '../../src/config/settings.ts';
import { describeProblem, type Problem } from '../../src/config/yaml.ts';
import { readFilter } from '../../src/identity/ldap/filters.ts';
import { loadDirectory } from '../../src/identity/ldap/from-settings.ts';
import { makeAuthority } from '../ldap/set-up.ts';
import { describeNeeding } from '../support/needs.ts';
import { makeTemp, type Temp } from '../support/temp.ts';

const LEAST = `publicUrl: http://127.0.0.1:5000
registry: { url: "http://127.0.0.1:5001", keyFile: up.key, certificateFile: up.pem }
tokens: { keyFile: tokens.key }
`;
const USERS = 'users: { base: "ou=people,dc=corp" }';

async function load(ldap: string) {
  const loaded = await loadSettings('/etc/warden/warden.yaml', async () => ({
    ok: true,
    text: `${LEAST}ldap: ${ldap}\n`,
  }));
  return loaded.ok
    ? { settings: loaded.settings, problems: [] }
    : { settings: undefined, problems: loaded.problems.map(describeProblem) };
}

describe('the settings of a directory', () => {
  it('need servers and a place for people, and take paths from the folder of the file', async () => {
    const { settings } = await load(
      `{ servers: ["ldaps://dc1.corp"], caFile: ca.pem, bind: { dn: cn=w, passwordFile: ldap.password }, ${USERS} }`,
    );
    expect(settings?.ldap).toMatchObject({
      caFile: '/etc/warden/ca.pem',
      bind: { passwordFile: '/etc/warden/ldap.password' },
      users: { attribute: 'uid' },
      refreshSeconds: 60,
      startTls: false,
    });
    expect(
      (await load(`{ servers: ["ldap://[::1]:3389", "ldap://dc"], startTls: true, ${USERS} }`)).problems,
    ).toEqual([]);
  });

  it.each([
    [
      `{ servers: ["ldap://dc1.corp"], ${USERS} }`,
      /ldap\.servers\.?\[?0\]?: passwords would be sent in the clear/,
    ],
    [
      `{ servers: ["ldaps://dc1.corp", "ldap://dc2.corp"], ${USERS} }`,
      /passwords would be sent in the clear/,
    ],
    [`{ servers: ["ldaps://dc1.corp"], startTls: true, ${USERS} }`, /startTls: ldaps:\/\/ servers are TLS/],
    [
      `{ servers: ["ldap://dc1.corp"], startTls: true, allowPlaintext: true, ${USERS} }`,
      /contradicts startTls/,
    ],
    [`{ servers: ["ldaps://a", "ldaps://a"], ${USERS} }`, /listed twice/],
    [`{ servers: [], ${USERS} }`, /servers/],
    [`{ servers: ["http://a"], ${USERS} }`, /expected ldaps:\/\/ or ldap:\/\//],
    [`{ servers: ["ldaps://a/dc=corp"], ${USERS} }`, /nothing behind/],
    [`{ servers: ["ldaps://u:p@a"], ${USERS} }`, /expected ldaps/],
    [`{ servers: ["ldaps://a"], ${USERS}, insecure: true }`, /insecure/],
    [`{ servers: ["ldaps://a"], ${USERS}, tls: { rejectUnauthorized: false } }`, /tls/],
    [`{ servers: ["ldaps://a"], users: { base: dc=corp, attribute: "uid)(x" } }`, /name of an attribute/],
    [
      `{ servers: ["ldaps://a"], ${USERS}, groups: { base: dc=corp, by: matchingRule, depth: 2 } }`,
      /follows all levels/,
    ],
    [
      `{ servers: ["ldaps://a"], ${USERS}, groups: { base: dc=corp, memberValue: name } }`,
      /names are of people alone/,
    ],
  ])('are refused: %s', async (ldap, problem) => {
    const { problems } = await load(ldap);
    expect(problems.join('\n')).toMatch(problem);
    expect(problems[0]).toMatch(/^\/etc\/warden\/warden\.yaml:4:/);
  });
});

it('the settings that docs/ldap.md shows are good', async () => {
  const page = readFileSync(new URL('../../docs/ldap.md', import.meta.url), 'utf8');
  const blocks = [...page.matchAll(/```yaml\n(ldap:\n.*?)```/gs)].map(([, text = '']) => text);
  expect(blocks).toHaveLength(2);
  for (const block of blocks) {
    const loaded = await loadSettings('/etc/warden/warden.yaml', async () => ({
      ok: true,
      text: LEAST + block,
    }));
    expect(loaded.ok ? [] : loaded.problems.map(describeProblem)).toEqual([]);
    const { users } = (loaded.ok && loaded.settings.ldap) || {};
    expect(readFilter(users?.filter ?? '')).toBeDefined();
  }
});

describe('a filter of the settings', () => {
  it.each([
    '(objectClass=person)',
    '(&(a=b)(!(c=d)))',
    '(memberOf:1.2.840.113556.1.4.1941:=cn=x)',
    '(cn=a\\2a)',
  ])('is read: %s', (text) => {
    expect(readFilter(text)).toBeDefined();
  });

  it.each(['', 'a=b', '(a=b', '(a=b))', '(&)', '()', '(a)', '(cn=\\zz)', '(cn=zo\\c3\\ab)', '(a=b)(c=d)'])(
    'is refused: %j',
    (text) => {
      expect(readFilter(text)).toBeUndefined();
    },
  );
});

describeNeeding(['openssl'], 'the files of a directory', () => {
  let temp: Temp;
  beforeAll(async () => {
    temp = makeTemp('ldap-files');
    await makeAuthority(temp, 'own');
    writeFileSync(temp.at('password'), 'secret-of-the-reader\n');
    writeFileSync(temp.at('empty'), '\n');
    writeFileSync(temp.at('two'), 'one\ntwo\n');
    writeFileSync(temp.at('broken.pem'), '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n');
  });
  afterAll(() => temp.stop());

  async function problemsOf(changes: Readonly<Record<string, unknown>>): Promise<readonly string[]> {
    const { settings } = await load(`{ servers: ["ldaps://dc1.corp"], ${USERS} }`);
    if (!settings?.ldap) throw new Error('no settings');
    const at = (key: readonly string[], message: string): Problem => ({
      file: 'w',
      line: 1,
      column: 1,
      message: `${key.join('.')}: ${message}`,
    });
    const loaded = loadDirectory({ ...settings.ldap, ...changes }, at);
    return loaded.ok ? [] : loaded.problems.map(({ message }) => message);
  }
  const bind = (file: string) => ({ bind: { dn: 'cn=w,dc=corp', passwordFile: temp.at(file) } });

  it('are good', async () => {
    expect(await problemsOf({ ...bind('password'), caFile: temp.at('own-ca.crt') })).toEqual([]);
  });

  it.each<readonly [string, () => Readonly<Record<string, unknown>>, RegExp]>([
    ['an authority that is not there', () => ({ caFile: temp.at('none') }), /cannot be read/],
    ['an authority that is a key', () => ({ caFile: temp.at('own-ca.key') }), /found none/],
    [
      'an authority that is broken',
      () => ({ caFile: temp.at('broken.pem') }),
      /certificate that cannot be read/,
    ],
    ['a password that is not there', () => bind('none'), /cannot be read/],
    ['an empty password', () => bind('empty'), /expected one line/],
    ['a password of two lines', () => bind('two'), /expected one line/],
    [
      'a name that is none',
      () => ({ bind: { ...bind('password').bind, dn: 'warden' } }),
      /ldap\.bind\.dn: expected a distinguished/,
    ],
    [
      'a base that is none',
      () => ({ users: { base: 'people', attribute: 'uid', changeAttributes: [] } }),
      /ldap\.users\.base/,
    ],
    [
      'a filter that is none',
      () => ({ users: { base: 'dc=corp', attribute: 'uid', changeAttributes: [], filter: '(a=b' } }),
      /ldap\.users\.filter: expected a filter/,
    ],
  ])('are refused: %s', async (_what, changes, problem) => {
    const problems = await problemsOf(changes());
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(problem);
    expect(problems.join()).not.toContain('secret-of');
  });
});
