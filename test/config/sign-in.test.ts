import { writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { loadSettings } from '../../src/config/settings.ts';
import { preflight } from '../../src/preflight.ts';
import { documented } from '../sign-in/settings-of.ts';
import { makeTemp, type Temp } from '../support/temp.ts';

const BASE = {
  publicUrl: 'https://registry.corp:5000',
  listen: { tls: { certificateFile: 'a.crt', keyFile: 'a.pem' } },
  registry: { url: 'http://127.0.0.1:5001', keyFile: 'b.pem', certificateFile: 'b.crt' },
  tokens: { keyFile: 'c.pem' },
};
const ENTRY = {
  name: 'corp',
  title: 'Corp',
  issuer: 'https://id.corp',
  clientId: 'registry',
  clientSecretFile: 'corp.secret',
};

describe('issuers of people in the settings', () => {
  let temp: Temp;
  beforeEach(() => {
    temp = makeTemp('sign-in-settings');
  });
  afterEach(() => temp.stop());

  async function load(entries: readonly object[], more: object = {}, page: object = {}) {
    const file = temp.at('warden.yaml');
    // YAML holds JSON.
    writeFileSync(file, JSON.stringify({ ...BASE, ...more, page: { ...page, signIn: entries } }));
    return loadSettings(file);
  }
  async function problemsOf(...given: Parameters<typeof load>): Promise<string> {
    const loaded = await load(...given);
    return loaded.ok ? '' : loaded.problems.map(({ message }) => message).join('\n');
  }

  test('have defaults that ask for little and trust nobody', async () => {
    const loaded = await load([{ ...ENTRY, caFile: 'ca.crt' }]);
    expect(loaded.ok && loaded.settings.page.signIn).toEqual([
      {
        ...ENTRY,
        clientSecretFile: temp.at('corp.secret'),
        caFile: temp.at('ca.crt'),
        secretBy: 'client_secret_basic',
        algorithm: 'RS256',
        scopes: ['openid'],
        userinfo: false,
        require: {},
        subject: 'sub',
        groups: { always: [], among: [] },
        endSession: true,
      },
    ]);
  });

  test.each(['keycloak', 'gitlab'] as const)('may be the example %s of the documentation', async (name) => {
    expect(await problemsOf([documented(name)])).toBe('');
  });

  test.each<[string, object, string]>([
    ['no https', { issuer: 'http://id.corp' }, 'expected https://'],
    ['an unknown key', { prompt: 'login' }, 'prompt'],
    ['no secret', { clientSecretFile: undefined }, 'expected one of clientSecretFile and clientKeyFile'],
    ['two', { clientKeyFile: 'key.pem' }, 'expected one of clientSecretFile and clientKeyFile'],
    ['a MAC', { algorithm: 'HS256' }, 'algorithm'],
    ['no algorithm', { algorithm: 'none' }, 'algorithm'],
    ['scopes without openid', { scopes: ['profile'] }, 'expected openid among them'],
    ['a title that turns round what follows', { title: 'Corp\u202e' }, 'none of them a control character'],
    ['an address that nobody has verified', { subject: 'email' }, 'email_verified'],
    ['groups that none counts of', { groups: { claim: 'groups' } }, 'none of its values count'],
    ['groups of no claim', { groups: { among: ['ci'] } }, 'has no meaning without `claim`'],
    ['everybody in the world', { issuer: 'https://accounts.google.com' }, 'everyone in the world'],
  ])('with %s are refused', async (_what, more, sentence) => {
    expect(await problemsOf([{ ...ENTRY, ...more }])).toContain(sentence);
  });

  test('that could not be told from each other, or from those of builds, are refused', async () => {
    const build = { name: 'corp', issuer: 'https://id.corp', audiences: ['registry'] };
    const sentences = await problemsOf([ENTRY, ENTRY], { oidc: [build] });
    expect(sentences).toContain('page.signIn[1].name: another issuer is called corp');
    expect(sentences).toContain('page.signIn[1].clientId: the same issuer and clientId stand here twice');
    expect(sentences).toContain('page.signIn[0].name: an issuer of builds is called corp');
    expect(sentences).toContain('would be taken for that of a build');
  });

  test.each([
    ['nothing', '', 'expected one line of printable ASCII'],
    ['two lines', 'canary-1\ncanary-2\n', 'expected one line of printable ASCII'],
    ['a blank', 'canary-1 canary-2\n', 'expected one line of printable ASCII'],
    ['a secret', 'canary-1\n', undefined],
  ])('have a file with %s as their secret', async (_what, text, sentence) => {
    writeFileSync(temp.at('corp.secret'), text, { mode: 0o600 });
    await load([ENTRY]);
    const checked = await preflight(temp.at('warden.yaml'), Date.now());
    const problems = checked.ok ? [] : checked.problems.filter(({ file }) => file === temp.at('corp.secret'));
    const sentences = problems.map(({ message }) => message);
    expect(sentences).toEqual(sentence === undefined ? [] : [expect.stringContaining(sentence)]);
    expect(JSON.stringify(checked)).not.toContain('canary');
  });

  test('whose files are missing are told of before a start, with their place', async () => {
    await load([{ ...ENTRY, clientSecretFile: undefined, clientKeyFile: 'none.pem', caFile: 'none.crt' }]);
    const checked = await preflight(temp.at('warden.yaml'), Date.now());
    const said = checked.ok ? [] : checked.problems.map(({ message }) => message);
    for (const key of ['clientKeyFile', 'caFile'])
      expect(said).toContainEqual(expect.stringContaining(`page.signIn[0].${key} at `));
  });

  test('need a page, and an address that nobody on the way reads', async () => {
    expect(await problemsOf([ENTRY], {}, { enabled: false })).toContain('page.enabled is false');
    const plain = { publicUrl: 'http://registry.corp:5000', listen: {}, allowCredentialsOverHttp: true };
    expect(await problemsOf([ENTRY], plain)).toContain('would cross the network readable');
  });
});
