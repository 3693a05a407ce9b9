import { mkdirSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { loadSettings } from '../../src/config/settings.ts';
import { describeProblem } from '../../src/config/yaml.ts';
import { preflight } from '../../src/preflight.ts';
import { makeTemp, type Temp } from '../support/temp.ts';

const BASE = `publicUrl: https://registry.corp:5000
listen: { tls: { certificateFile: tls.crt, keyFile: tls.key } }
registry: { url: "http://127.0.0.1:5082", keyFile: up.pem, certificateFile: up.crt }
tokens: { keyFile: tokens.pem }
`;
const ENTRY = 'name: ci, issuer: "https://ci.corp", audiences: [registry.corp]';

/** What is said of these settings; nothing where they are good. */
async function problemsOf(text: string): Promise<readonly string[]> {
  const loaded = await loadSettings('warden.yaml', async () => ({ ok: true, text: `${BASE}${text}` }));
  return loaded.ok ? [] : loaded.problems.map(describeProblem);
}

describe('the issuers of builds', () => {
  it('have defaults for all but name, address and audience', async () => {
    const text = `${BASE}oidc: [{ ${ENTRY}, caFile: ca.crt }]`;
    const loaded = await loadSettings('/etc/warden/warden.yaml', async () => ({ ok: true, text }));
    expect(loaded.ok && loaded.settings.oidc).toEqual([
      {
        name: 'ci',
        issuer: 'https://ci.corp',
        audiences: ['registry.corp'],
        algorithms: ['RS256', 'ES256'],
        caFile: '/etc/warden/ca.crt',
        users: ['jwt', 'oidc', '<token>'],
        maximumHours: 24,
        require: {},
        subject: 'sub',
        groups: { always: [], among: [] },
        build: {},
      },
    ]);
  });

  it.each([
    ['without an audience', 'name: ci, issuer: "https://ci.corp"', 'audiences'],
    ['with an empty list of audiences', 'name: ci, issuer: "https://ci.corp", audiences: []', 'audiences'],
    ['without a name', 'issuer: "https://ci.corp", audiences: [a]', 'name'],
    [
      'with a colon in its name',
      'name: "a:b", issuer: "https://ci.corp", audiences: [a]',
      'expected at most 32',
    ],
    ['over plain http', 'name: ci, issuer: "http://ci.corp", audiences: [a]', 'expected https://'],
    [
      'over http of a name that only looks local',
      'name: ci, issuer: "http://localhost.evil.corp", audiences: [a]',
      'expected https://',
    ],
    [
      'with a login in its address',
      'name: ci, issuer: "https://a@ci.corp", audiences: [a]',
      'expected https://',
    ],
    [
      'with a query in its address',
      'name: ci, issuer: "https://ci.corp/?a", audiences: [a]',
      'expected https://',
    ],
    ['with alg none', `${ENTRY}, algorithms: [none]`, 'algorithms'],
    ['with a MAC', `${ENTRY}, algorithms: [HS256]`, 'algorithms'],
    ['with no algorithm', `${ENTRY}, algorithms: []`, 'algorithms'],
    ['with an unknown key', `${ENTRY}, audience: a`, 'audience'],
    ['with an unknown fact', `${ENTRY}, build: { repo: repository }`, 'repo'],
    ['with a fact that is a list', `${ENTRY}, build: { job: [a] }`, 'expected a text or keys with values'],
    ['with a user name that Basic cannot carry', `${ENTRY}, users: ["a:b"]`, 'without a colon'],
    [
      'with two places of keys',
      `${ENTRY}, jwksUrl: "https://ci.corp/k", jwksFile: k`,
      'jwksUrl is given too',
    ],
    ['with a claim of groups and no list of them', `${ENTRY}, groups: { claim: groups }`, 'among'],
    ['with a list of groups and no claim', `${ENTRY}, groups: { among: [a] }`, 'has no meaning without'],
    [
      'that everyone has an account at',
      'name: gh, issuer: "https://token.actions.githubusercontent.com", audiences: [a]',
      'everyone in the world',
    ],
  ])('%s are refused, with the place', async (_what, entry, sentence) => {
    const problems = await problemsOf(`oidc: [{ ${entry} }]`);
    expect(problems.join('\n')).toMatch(/^warden\.yaml:5:\d+ oidc\[0\]/);
    expect(problems.join('\n')).toContain(sentence);
  });

  it('have names and addresses of their own', async () => {
    const problems = await problemsOf(`oidc: [{ ${ENTRY} }, { ${ENTRY} }]`);
    expect(problems).toEqual([
      expect.stringContaining('oidc[1].name: another issuer is called ci'),
      expect.stringContaining('oidc[1].issuer: stands here twice'),
    ]);
  });
});

describe('the files of issuers', () => {
  let temp: Temp;
  beforeEach(() => {
    temp = makeTemp('oidc');
  });
  afterEach(() => temp.stop());

  it('are looked at before a start', async () => {
    mkdirSync(temp.at('folder'));
    writeFileSync(temp.at('no.json'), '{"keys": []}');
    writeFileSync(temp.at('no.crt'), 'no certificate');
    const entries = [
      'name: a, issuer: "https://a.corp", audiences: [x], jwksFile: missing.json',
      'name: b, issuer: "https://b.corp", audiences: [x], jwksFile: no.json',
      'name: c, issuer: "https://c.corp", audiences: [x], caFile: folder',
      'name: d, issuer: "https://d.corp", audiences: [x], caFile: no.crt',
    ];
    const list = entries.map((entry) => `  - { ${entry} }\n`).join('');
    writeFileSync(temp.at('warden.yaml'), `${BASE}oidc:\n${list}`);
    const checked = await preflight(temp.at('warden.yaml'), Date.now());
    const said = checked.ok ? [] : checked.problems.map(describeProblem);
    for (const [file, why] of [
      ['missing.json', 'cannot be read: it does not exist (oidc[0] at '],
      ['no.json', 'expected a JSON Web Key Set'],
      ['folder', 'cannot be read: it is a folder, not a file'],
      ['no.crt', 'expected PEM certificates of a CA'],
    ] as const) {
      expect(said).toContainEqual(expect.stringContaining(`${temp.at(file)}:1:1 ${why}`));
    }
  });
});
