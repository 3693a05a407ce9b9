/** What each kind of entry becomes, and what is said of it. */
import { describe, expect, it } from '@jest/globals';
import { type Imported, importDockerAuth } from '../../src/import/docker-auth.ts';

const HASH = '$2y$05$LO.vzwpWC5LZGqThvEfznu8qhb5SGqvBSWY1J3yZ4AxtMRZ3kN5jC';
const USERS = `users:
  ann: { password: "${HASH}", labels: { group: [web], title: [Dev] } }
  ci-1: { password: "${HASH}", labels: { group: [web, base] } }
  "": {}
`;

function good(text: string): Extract<Imported, { ok: true }> {
  // %{…} stands for a placeholder, which would look like a template gone wrong.
  const imported = importDockerAuth(text.replaceAll('%{', `$\{`), 'auth.yml', { service: undefined });
  if (!imported.ok) throw new Error(JSON.stringify(imported.problems));
  return imported;
}

/** The lines of the rules, without comments and ids. */
function rulesOf(acl: string, users = USERS): string[] {
  return (good(`${users}acl:\n${acl}\n`).policy ?? '')
    .split('\n')
    .filter((line) => !/^\s*(?:#|- id:|$)|^rules:/.test(line))
    .map((line) => line.trim());
}

function saidOf(acl: string, users = USERS): string[] {
  return good(`${users}acl:\n${acl}\n`)
    .report.findings.filter(({ entry }) => entry !== undefined)
    .map(({ kind, text }) => `${kind}: ${text}`);
}

const entry = (match: string, actions = '[pull]'): string =>
  `  - match: { ${match} }\n    actions: ${actions}`;

describe('an entry', () => {
  it.each([
    ['name: a', ['allow: [pull]', 'repositories: [a]']],
    ['account: ann', ['allow: [pull]', 'repositories: ["**"]', 'who: { users: [ann] }']],
    ['account: ""', ['allow: [pull]', 'repositories: ["**"]', 'who: { authenticated: false }']],
    ['account: "/.+/"', ['allow: [pull]', 'repositories: ["**"]', 'who: { authenticated: true }']],
    ['account: "ci-*"', ['allow: [pull]', 'repositories: ["**"]', 'who: { users: [ci-1] }']],
    ['labels: { group: web }', ['allow: [pull]', 'repositories: ["**"]', 'who: { groups: [group@web] }']],
    ['labels: { title: Dev }', ['allow: [pull]', 'repositories: ["**"]', 'who: { groups: [title@dev] }']],
    [
      'name: "%{labels:group}/*"',
      ['allow: [pull]', 'repositories: ["{group}/*"]', 'who: { authenticated: true }'],
    ],
    [
      'account: ann, name: "%{account}-x"',
      ['allow: [pull]', 'repositories: [ann-x]', 'who: { users: [ann] }'],
    ],
    ['ip: 10.1.2.3/8', ['allow: [pull]', 'repositories: ["**"]', 'from: ["10.0.0.0/8"]']],
    ['ip: "::ffff:10.1.2.3"', ['allow: [pull]', 'repositories: ["**"]', 'from: ["10.1.2.3"]']],
  ])('with %s', (match, rule) => {
    expect(rulesOf(entry(match))).toEqual(rule);
  });

  it.each([
    ['[pull, push]', 'allow: [pull, push]'],
    ['["*"]', 'allow: [pull, push, delete, list]'],
    ['[delete, read]', 'allow: [delete]'],
    ['["*", push]', 'allow: [push, list]'],
  ])('with actions %s', (actions, allow) => {
    expect(rulesOf(entry('account: ann', actions))[0]).toBe(allow);
  });

  it('for the list of repositories', () => {
    expect(rulesOf(entry('type: registry, name: catalog', '["*"]'))).toEqual([
      'allow: [list]',
      'repositories: ["**"]',
    ]);
  });

  it('is for those who have logged in where nobody comes in without', () => {
    expect(rulesOf(entry('name: a'), 'users: { ann: {} }\n')).toContain('who: { authenticated: true }');
    // A name with nothing behind it is no user to docker_auth.
    expect(rulesOf(entry('name: a'), 'users: { "": }\n')).toContain('who: { authenticated: true }');
  });
});

describe('the order of entries', () => {
  it('is in what a rule excepts, as far as others answer otherwise', () => {
    const acl = [
      entry('account: ann', '[]'),
      entry('account: ci-1', '[pull]'),
      entry('name: "a/*"', '[pull, push]'),
    ];
    expect(rulesOf(acl.join('\n')).slice(3)).toEqual([
      'allow: [pull, push]',
      'repositories: ["a/*"]',
      'unless:',
      '- { who: { users: [ann] } }',
      '- { actions: [push], who: { users: [ci-1] } }',
    ]);
  });

  it('is left out where two cannot meet', () => {
    const acl = [
      entry('name: "b/*"', '[]'),
      entry('ip: 10.0.0.0/8', '[]'),
      entry('name: "a/*", ip: 192.168.0.0/16'),
    ];
    expect(rulesOf(acl.join('\n'))).toEqual([
      'allow: [pull]',
      'repositories: ["a/*"]',
      'from: ["192.168.0.0/16"]',
    ]);
  });

  it('shows entries that were never reached', () => {
    const acl = [entry('account: "/.+/"'), entry('account: ann', '[push]')];
    expect(saidOf(acl.join('\n'))).toEqual([
      'look: never reached: the entry at line 6 takes all that it is about; no rule was made',
    ]);
  });

  it('holds against users who come later, whom an earlier pattern might fit', () => {
    const acl = [entry('account: "ci-*"', '[]'), entry('account: "/.+/"', '[push]')];
    expect(rulesOf(acl.join('\n'))).toEqual([
      'allow: [push]',
      'repositories: ["**"]',
      'who: { users: [ann] }',
    ]);
    expect(saidOf(acl.join('\n')).join()).toContain('for the users of this file only');
  });
});

describe('what is not carried', () => {
  it.each([
    [
      'a key that docker_auth does not know',
      'team: infra',
      'hole: docker_auth passes over the unknown key "team"',
    ],
    ['a blank that is missing', 'account:"ann"', 'a blank is missing behind account:'],
    ['a key without a value', 'account: ', 'hole: account has no value'],
    ['an expression that is not understood', 'name: "/(?i)a/"', 'lost: not carried, since its name'],
    ['an expression that no pattern is equal to', 'name: "/^a[a-z]+$/"', 'lost: /^a[a-z]+$/ has no equal'],
    ['an expression that is held nowhere', 'name: /prod/', 'hole: /prod/ is held by no ^ and $'],
    ['a service that is not known', 'service: reg', 'lost: not carried, since it asks for a service'],
  ])('%s is said, and takes what it took', (_what, match, said) => {
    const acl = `${entry(match, '["*"]')}\n${entry('account: ann', '[push]')}`;
    expect(saidOf(acl).join('\n')).toContain(said);
    const { compiled } = good(`${USERS}acl:\n${acl}\n`);
    // Nothing beyond what entry 1 surely did not fit: ann may push only there, and only there is it said.
    for (const rule of compiled?.rules ?? []) {
      if (rule.when.users?.has('ann')) expect(rule.unless.length).toBeGreaterThan(0);
    }
  });

  it('nothing passes an entry of which anything may have been about everything', () => {
    const acl = `${entry('team: infra', '["*"]')}\n${entry('account: ann', '[push]')}`;
    expect(good(`${USERS}acl:\n${acl}\n`).policy).toBeUndefined();
  });

  it('is told section by section', () => {
    const text =
      'ldap_auth: { addr: x }\nacl_mongo: { a: b }\nconstructor: 1\noidc_auth: { label_claims: [a] }\nacl: []\n';
    const said = good(text).report.findings.map(
      ({ kind, line, text: sentence }) => `${kind} ${line} ${sentence}`,
    );
    expect(said.map((one) => one.slice(0, 24))).toEqual([
      'lost 1 ldap_auth: logins',
      'lost 2 acl_mongo: entrie',
      'look 3 docker_auth passe',
      'lost 4 oidc_auth: logins',
      'hole 4 docker_auth reads',
    ]);
  });
});

describe('users', () => {
  it.each([
    ['ann: {}', 'the user "ann" has no password'],
    [`Ann: { password: "${HASH}" }`, 'the user "Ann": expected a name'],
    ['ann: { password: secret }', 'the user "ann": users.ann.password: expected a bcrypt hash'],
  ])('%s: %s', (user, said) => {
    const { users, report } = good(`users: { ${user} }\nacl: []\n`);
    expect(users).toContain('users: {}');
    expect(report.findings.map(({ text }) => text).join()).toContain(said);
    expect(report.findings.map(({ text }) => text).join()).not.toContain('secret');
  });

  it('are in groups of their labels; no other label has groups that a repository can be called', () => {
    const acl = `acl:\n${entry('name: "%{labels:group}/*"')}\n`;
    const { users } = good(`${USERS}${acl}`);
    expect(users).toContain('groups: [web, title@dev]');
    expect(users).toContain('groups: [web, base]');
  });

  it('whose labels differ in ways that groups cannot are in different groups', () => {
    const text = `users: { ann: { password: "${HASH}", labels: { g: [VIP, vip, "v*"] } } }\nacl:\n${entry('name: "%{labels:g}/x"')}\n`;
    expect(good(text).users).toContain('groups: [g@vip, vip, g@v]');
    // The value that is a pattern is written out, and told.
    expect(good(text).policy).toContain('repositories: ["v*/x", vip/x]');
    expect(
      good(text)
        .report.findings.map(({ text: said }) => said)
        .join(),
    ).toContain('was used as a pattern');
  });
});
