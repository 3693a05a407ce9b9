import { describe, expect, it } from '@jest/globals';
import { addressNumber, requireRange } from '../../src/policy/address.ts';
import type { Policy } from '../../src/policy/policy.ts';
import { hasAddress } from '../../src/policy/range-set.ts';
import { policyOf, report } from './build.ts';

/** A rule with some lines replaced or added, in a policy that is otherwise right. */
function withRule(lines: Readonly<Record<string, string | undefined>>): string {
  const rule = { id: 'r', allow: '[pull]', repositories: '["**"]', ...lines };
  const text = Object.entries(rule)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `    ${key}: ${value}`)
    .join('\n');
  return `rules:\n  -\n${text}\n`;
}

describe('a rule is refused', () => {
  it.each<[string, Readonly<Record<string, string | undefined>>, string]>([
    [
      'with an unknown key',
      { form: '[10.0.0.0/8]' },
      'a.yaml:6:5 rules[0]: unknown key `form`; did you mean `from`?',
    ],
    ['with a condition of another product', { match: '{ team: x }' }, 'unknown key `match`'],
    [
      'with an unknown key of who',
      { who: '{ team: infrastructure }' },
      'a.yaml:6:12 rules[0].who: unknown key `team`',
    ],
    ['with a key and value run together', { who: '{ users:"admin" }' }, 'a.yaml:6:'],
    [
      'with a misspelt list of groups',
      { who: '{ group: [ci] }' },
      'unknown key `group`; did you mean `groups`?',
    ],
    ['with an empty who', { who: '{}' }, 'rules[0].who: an empty match holds for everyone'],
    ['with a who of nothing', { who: '' }, 'rules[0].who: expected keys with values, found nothing'],
    ['with no users', { who: '{ users: [] }' }, 'rules[0].who.users: an empty list'],
    ['with a pattern of users', { who: '{ users: ["*"] }' }, 'users are names, not patterns'],
    ['with a pattern of groups', { who: '{ groups: ["ci-*"] }' }, 'groups are names, not patterns'],
    [
      'with an unknown kind',
      { who: '{ kinds: [human] }' },
      'expected one of anonymous, person, robot, build',
    ],
    ['with no addresses', { from: '[]' }, 'rules[0].from: an empty list'],
    ['with no repositories', { repositories: '[]' }, 'rules[0].repositories: an empty list'],
    [
      'without repositories',
      { repositories: undefined },
      'rules[0].repositories is missing; expected a list',
    ],
    ['with no actions', { allow: '[]' }, 'rules[0].allow: an empty list'],
    [
      'with an unknown action',
      { allow: '[pul]' },
      'expected one of pull, push, create, overwrite, delete, list, audit, quarantine, robots, grants, policy; did you',
    ],
    ['with every action', { allow: '["*"]' }, 'expected one of'],
    ['without an effect', { allow: undefined }, 'rules[0]: a rule needs allow or deny'],
    ['with two effects', { deny: '[push]' }, 'a.yaml:6:11 rules[0].deny: a rule has allow or deny, not both'],
    ['without an id', { id: undefined }, 'rules[0].id is missing'],
    [
      'with an id that is a number',
      { id: '7' },
      'rules[0].id: expected a text, found a number; put it in quotes',
    ],
    ['with tags on pull', { tags: '[latest]' }, 'rules[0].tags: tags cannot stand with pull'],
    ['with tags on delete', { allow: '[push, delete]', tags: '[x]' }, 'tags cannot stand with delete'],
    [
      'with unless tags on pull',
      { unless: '{ tags: [x] }' },
      'rules[0].unless.tags: tags cannot stand with pull',
    ],
    ['with an empty unless', { unless: '{}' }, 'rules[0].unless: an empty match always holds'],
    [
      'with bind on deny',
      { allow: undefined, deny: '[push]', bind: 'address' },
      'rules[0].bind: bind belongs to allow',
    ],
    [
      'with a pattern that can fit nothing',
      { repositories: '[Team/x]' },
      'a.yaml:5:20 rules[0].repositories[0]: "Team/x"',
    ],
    [
      'with a range that is none',
      { from: '[10.1.2.3/8]' },
      'a.yaml:6:12 rules[0].from[0]: "10.1.2.3/8" is not the first',
    ],
    ['with an octal address', { from: '[010.1.2.3]' }, '"010.1.2.3" is not an address'],
    [
      'with an unknown network',
      { from: '[intranet]' },
      'rules[0].from[0]: "intranet" is neither a network nor a host',
    ],
    [
      'with an unknown network under unless',
      { unless: '{ from: [x] }' },
      'rules[0].unless.from[0]: "x" is neither',
    ],
    ['with a message that moves the cursor', { message: '"a\\u001b[2Jb"' }, 'without control characters'],
    ['with a message that turns the text round', { message: '"a\\u202eb"' }, 'without control characters'],
    ['with an endless message', { message: 'x'.repeat(201) }, 'expected at most 200 characters'],
    [
      'with an enforce that is a word',
      { enforce: 'no' },
      'rules[0].enforce: expected true or false, found a text',
    ],
  ])('%s', (_name, lines, wanted) => {
    const { policy, problems } = report(withRule(lines));
    expect(policy).toBeUndefined();
    expect(problems.join('\n')).toContain(wanted);
  });
});

describe('a policy is refused', () => {
  it.each([
    ['that is empty', '', 'a.yaml:1:1 the file holds nothing'],
    ['without rules', 'networks: { a: [10.0.0.0/8] }', 'a.yaml:1:1 no file of the policy has rules'],
    ['with an empty list of rules', 'rules: []', 'a.yaml:1:8 rules: an empty list says nothing'],
    ['that is a list', '- a', 'expected keys with values, found a list'],
    ['with an unknown section', 'rule: []', 'unknown key `rule`; did you mean `rules`?'],
    ['with a network of nothing', 'networks: { a: [] }', 'networks.a: an empty list'],
    ['with a host of nothing', 'hosts: { a: { addresses: [] } }', 'hosts.a.addresses: an empty list'],
    [
      'with a range for a host',
      'hosts: { a: { addresses: [10.0.0.0/8] } }',
      'a range belongs under networks',
    ],
    ['with a zone', 'hosts: { a: { addresses: ["fe80::1%eth0"] } }', 'is not an address'],
    [
      'with a date that is none',
      'hosts: { a: { addresses: [10.0.0.1], since: 2026-02-30 } }',
      'a date such as',
    ],
    ['with a name that is an address', 'networks: { 10.0.0.1: [10.0.0.2] }', 'cannot be a name'],
    [
      'with a name that sets a prototype',
      'hosts: { __proto__: { addresses: [10.0.0.1] } }',
      'unknown key `__proto__`',
    ],
  ])('%s', (_name, text, wanted) => {
    const { policy, problems } = report(text);
    expect(policy).toBeUndefined();
    expect(problems.join('\n')).toContain(wanted);
  });

  const rules = 'rules: [{ id: r, allow: [pull], repositories: ["**"] }]\n';

  it('with networks in a circle, which is shown once', () => {
    const text = `${rules}networks:\n  a: [b]\n  b: [c, 10.0.0.0/8]\n  c: [a]\n  d: [d]\n  e: [a]\n`;
    expect(report(text).problems).toEqual([
      'a.yaml:3:3 networks.a: the network contains itself: a -> b -> c -> a',
      'a.yaml:6:3 networks.d: the network contains itself: d -> d',
    ]);
  });

  it('with a name that only an object of JavaScript has', () => {
    const text = 'rules: [{ id: r, allow: [pull], repositories: ["**"], from: [constructor, toString] }]';
    expect(report(text).problems).toHaveLength(2);
  });

  it('with two rules, hosts or networks of one name, also in two files, naming both places', () => {
    const first = `${rules}hosts:\n  a: { addresses: [10.0.0.1] }\n`;
    const second = `${rules}networks:\n  a: [10.0.0.0/8]\n`;
    expect(report(first, second).problems).toEqual([
      'b.yaml:3:3 "a" is already the name of a host at a.yaml:3:3',
      'b.yaml:1:15 "r" is already the name of a rule at a.yaml:1:9',
    ]);
  });

  it('with one address of two hosts, in any spelling', () => {
    const text = `${rules}hosts:\n  a: { addresses: [10.0.0.1] }\n  b: { addresses: ["::ffff:10.0.0.1"] }\n`;
    expect(report(text).problems).toEqual(['a.yaml:4:20 hosts.b: 10.0.0.1 belongs to the host a already']);
  });

  it('with a word for a network or host that is nearly one, and says which', () => {
    const text = `${rules}networks:\n  builders: [10.0.0.1]\n  all: [bulders]\n`;
    expect(report(text).problems).toEqual([
      'a.yaml:4:9 networks.all[0]: "bulders" is neither a network nor a host; did you mean "builders"?',
    ]);
  });

  it('with all its problems at once', () => {
    const text = 'ruls: []\nhosts: { A: { adresses: [10.0.0.1] } }\nnetworks: { b: [] }\n';
    expect(report(text, 'rules: [{}]').problems).toHaveLength(8);
  });
});

function inPlace({ places }: Policy, name: string, address: string): boolean {
  const set = places.get(name);
  return set !== undefined && hasAddress(set, addressNumber(requireRange(address)));
}

describe('a compiled policy', () => {
  const text = `
hosts:
  h: { addresses: [10.0.0.1, "2001:db8::1"], since: 2026-03-01 }
networks:
  n: [h, 10.2.0.0/16]
rules:
  - { id: b, allow: [pull, push], repositories: [y, x], from: [n] }
  - { id: a, deny: [delete], repositories: ["**"], who: { groups: [q, p] } }
`;

  it('has the same digest whatever the order, the files and the comments', () => {
    const shuffled = [
      `# a comment\nrules:\n  - { repositories: ["**"], who: { groups: [p, q] }, deny: [delete], enforce: true, id: a }`,
      `rules:\n  - { id: b, repositories: [x, y], from: [n], allow: [push, pull] }\nnetworks: { n: [10.2.0.0/16, h] }`,
      'hosts: { h: { since: 2026-03-01, addresses: ["2001:db8::1", 10.0.0.1] } }',
    ];
    expect(policyOf(...shuffled).digest).toBe(policyOf(text).digest);
    expect(policyOf(text).digest).toMatch(/^sha256:[0-9a-f]{64}$/);
  });

  it.each([
    ['a rule', text.replace('[delete]', '[push]')],
    ['a range', text.replace('10.2.0.0/16', '10.3.0.0/16')],
    ['an address', text.replace('10.0.0.1', '10.0.0.9')],
    ['who', text.replace('groups', 'users')],
    ['a message', text.replace('id: b,', 'id: b, message: hello,')],
    ['whether it is enforced', text.replace('id: b,', 'id: b, enforce: false,')],
  ])('has another digest when %s changes', (_name, changed) => {
    expect(policyOf(changed).digest).not.toBe(policyOf(text).digest);
  });

  it('knows hosts by their addresses, and places by their names', () => {
    const policy = policyOf(text);
    expect([policy.hostOf('10.0.0.1'), policy.hostOf('2001:db8::1'), policy.hostOf('10.2.0.1')]).toEqual([
      'h',
      'h',
      undefined,
    ]);
    expect(inPlace(policy, 'n', '10.2.255.255')).toBe(true);
    expect(inPlace(policy, 'n', '2001:db8::1')).toBe(true);
    expect(inPlace(policy, 'h', '10.2.255.255')).toBe(false);
    expect(policy.places.get('constructor')).toBeUndefined();
    expect(policy.hosts.get('h')?.since).toBe('2026-03-01');
  });
});

describe('a warning', () => {
  const push = { allow: '[push]', who: '{ groups: [ci] }', from: '[10.1.2.3]' };

  it('is not given for a push by named people from a named place', () => {
    expect(report(withRule(push)).warnings).toEqual([]);
  });

  it.each<[string, Readonly<Record<string, string | undefined>>, string]>([
    [
      'a push from anywhere',
      { ...push, from: undefined },
      'a.yaml:4:12 rule r: allows pushes from any address; say from where',
    ],
    ['a push by anyone', { ...push, who: undefined }, 'rule r: allows pushes without a login'],
    ['a push by kinds with anonymous', { ...push, who: '{ kinds: [person, anonymous] }' }, 'without a login'],
    [
      'a push from the bridge of docker',
      { ...push, from: '[172.17.0.0/16]' },
      'the default bridge of docker',
    ],
    ['a push from within it', { ...push, from: '[172.17.0.1]' }, 'the default bridge of docker'],
    ['a push from around it', { ...push, from: '[172.16.0.0/12]' }, 'the default bridge of docker'],
    ['a push from the bridge of podman', { ...push, from: '[10.88.0.0/16]' }, 'the default bridge of podman'],
    [
      'a create from the bridge',
      { ...push, allow: '[create]', from: '[172.17.0.0/24]' },
      'the default bridge',
    ],
    ['every IPv4 address', { from: '[0.0.0.0/0]' }, 'rule r: 0.0.0.0/0 is every address there is'],
    ['every IPv6 address', { from: '["::/0"]' }, 'rule r: ::/0 is every address there is'],
    [
      'nobody',
      { who: '{ kinds: [anonymous], groups: [ci] }' },
      'a.yaml:6:10 rule r: nobody can be all of this',
    ],
    ['nobody either', { who: '{ authenticated: false, users: [alice] }' }, 'nobody can be all of this'],
  ])('is given for %s', (_name, lines, wanted) => {
    const { warnings, problems } = report(withRule(lines));
    expect(problems).toEqual([]);
    expect(warnings.join('\n')).toContain(wanted);
  });

  it('is given for a network of every address', () => {
    expect(report(withRule({}), 'networks: { intranet: [0.0.0.0/0] }').warnings).toEqual([
      'b.yaml:1:24 networks.intranet: 0.0.0.0/0 is every address there is',
    ]);
  });

  it.each([
    ['a/b', 'a/b', true],
    ['a/b', '**', true],
    ['a/b', 'a/**', true],
    ['a/**', 'a/**', true],
    ['a/**', 'a/b', false],
    ['a', 'a/**', false],
  ])('tells of an allow of %s that a deny of %s always beats: %s', (allowed, denied, wanted) => {
    const deny = `rules: [{ id: d, deny: [push, pull], repositories: ["${denied}"] }]`;
    const { warnings } = report(withRule({ repositories: `["${allowed}"]` }), deny);
    expect(warnings.some((line) => line.includes('never applies: the rule d'))).toBe(wanted);
  });

  it('does not tell of a deny that has conditions', () => {
    const deny = 'rules: [{ id: d, deny: [pull], repositories: ["**"], who: { users: [eve] } }]';
    expect(report(withRule({}), deny).warnings).toEqual([]);
  });
});
