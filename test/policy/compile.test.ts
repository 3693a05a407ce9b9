import { describe, expect, it } from '@jest/globals';
import { addressNumber, requireRange } from '../../src/policy/address.ts';
import { isAt } from '../../src/policy/place-set.ts';
import type { Policy } from '../../src/policy/policy.ts';
import { policyOf, report, withRule } from './build.ts';

describe('a rule', () => {
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
    ['with a blank behind a group', { who: '{ groups: ["ci "] }' }, 'a name has no blank at either end'],
    ['with an invisible character in a user', { who: '{ users: ["a\\u200bnn"] }' }, 'no invisible character'],
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
      'expected one of pull, push, create, overwrite, delete, list, audit, quarantine, robots, grants, policy, sessions; did you',
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
      'with an unless that is a word',
      { unless: 'x' },
      'rules[0].unless: expected keys with values or a list',
    ],
    ['with an unless of nothing', { unless: '' }, 'expected keys with values or a list, found nothing'],
    ['with no exceptions', { unless: '[]' }, 'rules[0].unless: an empty list'],
    ['with an empty exception', { unless: '[{}]' }, 'rules[0].unless[0]: an empty match always holds'],
    [
      'with an unknown key of an exception',
      { unless: '[{ from: [10.0.0.1] }, { form: [10.0.0.1] }]' },
      'a.yaml:6:38 rules[0].unless[1]: unknown key `form`; did you mean `from`?',
    ],
    [
      'with an unknown key of the only exception',
      { unless: '{ form: [10.0.0.1] }' },
      'rules[0].unless: unknown key `form`; did you mean `from`?',
    ],
    [
      'with an exception for what it is not about',
      { unless: '[{ actions: [push] }]' },
      'rules[0].unless[0].actions[0]: the rule is not about push, so this excepts nothing',
    ],
    [
      'with unless tags on pull among others',
      { allow: '[pull, push]', unless: '[{ actions: [pull], tags: [x] }]' },
      'rules[0].unless[0].tags: tags cannot stand with pull',
    ],
    ['with tags on robots', { allow: '[robots]', tags: '[x]' }, 'tags cannot stand with robots'],
    [
      'with policy for some repositories',
      { allow: '[policy]', repositories: '["a/**"]' },
      'a.yaml:5:5 rules[0].repositories: policy is about no repository in particular'.slice(10),
    ],
    ['with a client on allow', { client: '[docker]' }, 'rules[0].client: client can stand with deny only'],
    [
      'with a client as an exception of allow',
      { unless: '{ client: [docker] }' },
      'rules[0].unless.client: client can stand with deny only',
    ],
    [
      'with a client that is none',
      { allow: undefined, deny: '[pull]', client: '["docker 20.10"]' },
      'rules[0].client[0]: "docker 20.10": expected a name',
    ],
    ['with an empty build', { build: '{}' }, 'rules[0].build: an empty match asks nothing'],
    ['with an unknown claim', { build: '{ brnch: [main] }' }, 'unknown key `brnch`; did you mean `branch`?'],
    ['with a claim of nothing', { build: '{ branch: [""] }' }, 'expected 1 to 512 characters'],
    ['with a claim of stars', { build: '{ branch: ["a**"] }' }, '** stands alone between slashes'],
    ['with an unknown method', { who: '{ methods: [passwort] }' }, 'did you mean "password"?'],
    [
      'with a pattern of certificates',
      { who: '{ certificates: ["*"] }' },
      'certificates are names, not patterns',
    ],
    [
      'with a window that is none',
      { time: '[Mon 08:00-18:00 UTC, weekends]' },
      'a.yaml:6:33 rules[0].time[1]: "weekends": expected for example Mon-Fri',
    ],
    [
      'with a window of an exception that is none',
      { unless: '[{ time: [Mon 08:00-18:00 Berlin] }]' },
      'rules[0].unless[0].time[0]: "Mon 08:00-18:00 Berlin": "Berlin" is no time zone',
    ],
    [
      'with a set that is not there',
      { who: '{ users: [bob, "set:staf"] }' },
      'a.yaml:6:25 rules[0].who.users[1]: there is no set of users called "staf"',
    ],
    [
      'with a set of another kind',
      { tags: '["set:staff"]', allow: '[push]' },
      'there is no set of tags called "staff"',
    ],
    [
      'with an unknown set under unless',
      { unless: '[{ repositories: ["set:x"] }]' },
      'rules[0].unless[0].repositories[0]: there is no set of repositories called "x"',
    ],
    ['with two variables of many', { repositories: '["{build.project}/{build.project}"]' }, 'can stand once'],
    [
      'with an unknown variable',
      { repositories: '["{build.projekt}/x"]' },
      'each as a whole component; did you mean "{build.project}"?',
    ],
    [
      'with an enforce that is a word',
      { enforce: 'no' },
      'rules[0].enforce: expected true or false, found a text',
    ],
  ])('is refused %s', (_name, lines, wanted) => {
    const { policy, problems } = report(withRule(lines));
    expect(policy).toBeUndefined();
    expect(problems.join('\n')).toContain(wanted);
  });
});

describe('a policy', () => {
  it.each([
    ['that is empty', '', 'a.yaml:1:1 the file holds nothing'],
    ['without rules', 'networks: { a: [10.0.0.0/8] }', 'a.yaml:1:1 no file of the policy has rules'],
    ['with an empty list of rules', 'rules: []', 'a.yaml:1:8 rules: an empty list says nothing'],
    ['that is a list', '- a', 'expected keys with values, found a list'],
    ['with an unknown section', 'rule: []', 'unknown key `rule`; did you mean `rules`?'],
    ['with an unknown kind of set', 'sets: { user: {} }', 'unknown key `user`; did you mean `users`?'],
    ['with a set of nothing', 'sets: { users: { a: [] } }', 'sets.users.a: an empty list'],
    ['with a set that cannot be named', 'sets: { users: { A: [b] } }', '"A" cannot be a name'],
    ['with a pattern in a set', 'sets: { repositories: { a: [A/b] } }', 'sets.repositories.a[0]: "A/b"'],
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
  ])('is refused %s', (_name, text, wanted) => {
    const { policy, problems } = report(text);
    expect(policy).toBeUndefined();
    expect(problems.join('\n')).toContain(wanted);
  });

  const rules = 'rules: [{ id: r, allow: [pull], repositories: ["**"] }]\n';

  it('is refused with networks in a circle, which is shown once', () => {
    const text = `${rules}networks:\n  a: [b]\n  b: [c, 10.0.0.0/8]\n  c: [a]\n  d: [d]\n  e: [a]\n`;
    expect(report(text).problems).toEqual([
      'a.yaml:3:3 networks.a: the network contains itself: a -> b -> c -> a',
      'a.yaml:6:3 networks.d: the network contains itself: d -> d',
    ]);
  });

  it('has no more entries where lists name each other again and again', () => {
    const doubled = (first: string, name: (index: number) => string) =>
      Array.from({ length: 45 }, (_, index) =>
        index === 0 ? `n0: [${first}]` : `n${index}: ["${name(index - 1)}", "${name(index - 1)}"]`,
      ).join(', ');
    const { policy, problems } =
      report(`networks: { ${doubled('10.0.0.1, 10.0.0.2', (index) => `n${index}`)} }
sets: { users: { ${doubled('anna, bob', (index) => `set:n${index}`)} } }
rules: [{ id: r, allow: [pull], repositories: ["**"], who: { users: ["set:n44"] }, from: [n44] }]
`);
    expect(problems).toEqual([]);
    expect(policy?.rules[0]?.when.users).toEqual(new Set(['anna', 'bob']));
    expect(policy?.rules[0]?.when.from?.entries).toMatchObject([{ text: 'n44', ranges: { length: 2 } }]);
  });

  it('is refused with networks too deep in one another, or too many written out', () => {
    const chain = Array.from({ length: 60 }, (_, index) => `  n${index}: [n${index + 1}]\n`).join('');
    expect(report(`${rules}networks:\n${chain}  n60: [10.0.0.1]\n`).problems).toEqual([
      'a.yaml:53:3 networks.n50: more than 50 networks inside one another',
    ]);
    const addresses = Array.from({ length: 2500 }, (_, index) => `10.0.${index >> 8}.${index & 255}`).join();
    const copies = Array.from({ length: 1000 }, (_, index) => `  c${index}: [all]\n`).join('');
    expect(report(`${rules}networks:\n  all: [${addresses}]\n${copies}`).problems).toEqual([
      expect.stringMatching(
        /^a\.yaml:\d+:3 networks\.c\d+: with this the networks, written out wherever they are named, have/,
      ),
    ]);
  });

  it('says what was probably meant of the first names that are not there', () => {
    const list = Array.from({ length: 12 }, () => 'bilders').join();
    const { problems } = report(
      `networks: { builders: [10.0.0.1] }\nrules: [{ id: r, allow: [pull], repositories: ["**"], from: [${list}] }]\n`,
    );
    expect(problems).toHaveLength(12);
    expect(problems.filter((problem) => problem.endsWith('did you mean "builders"?'))).toHaveLength(10);
  });

  it('is refused with sets in a circle, and with sets and windows that are not there', () => {
    const text = `${rules}sets:
  users: { a: ["set:b"], b: ["set:a"], c: ["set:d"] }
  repositories: { a: ["set:b"] }
  times: { night: [Mon 22:00-06:00 UTC, Mon 22:00-06:00] }
`;
    expect(report(text).problems).toEqual([
      'a.yaml:3:12 sets.users.a: the set contains itself: a -> b -> a',
      'a.yaml:3:44 sets.users.c[0]: there is no set of users called "d"',
      'a.yaml:4:23 sets.repositories.a[0]: there is no set of repositories called "b"',
      expect.stringContaining('a.yaml:5:41 sets.times.night[1]: "Mon 22:00-06:00": expected for example'),
    ]);
  });

  it('is refused with one name of two sets of a kind; sets of two kinds may share it', () => {
    const first = `${rules}sets: { users: { a: [x] }, groups: { a: [y] } }\n`;
    expect(report(first, 'sets: { users: { a: [z] } }').problems).toEqual([
      'b.yaml:1:18 "a" is already the name of a set at a.yaml:2:18',
    ]);
  });

  it('is refused with a name that only an object of JavaScript has', () => {
    const text = 'rules: [{ id: r, allow: [pull], repositories: ["**"], from: [constructor, toString] }]';
    expect(report(text).problems).toHaveLength(2);
  });

  it('is refused with two rules, hosts or networks of one name, also in two files, naming both places', () => {
    const first = `${rules}hosts:\n  a: { addresses: [10.0.0.1] }\n`;
    const second = `${rules}networks:\n  a: [10.0.0.0/8]\n`;
    expect(report(first, second).problems).toEqual([
      'b.yaml:3:3 "a" is already the name of a host at a.yaml:3:3',
      'b.yaml:1:15 "r" is already the name of a rule at a.yaml:1:9',
    ]);
  });

  it('is refused with one address of two hosts, in any spelling', () => {
    const text = `${rules}hosts:\n  a: { addresses: [10.0.0.1] }\n  b: { addresses: ["::ffff:10.0.0.1"] }\n`;
    expect(report(text).problems).toEqual(['a.yaml:4:20 hosts.b: 10.0.0.1 belongs to the host a already']);
  });

  it('is refused with a word for a network or host that is nearly one, and says which', () => {
    const text = `${rules}networks:\n  builders: [10.0.0.1]\n  all: [bulders]\n`;
    expect(report(text).problems).toEqual([
      'a.yaml:4:9 networks.all[0]: "bulders" is neither a network nor a host; did you mean "builders"?',
    ]);
  });

  it('is refused with all its problems at once', () => {
    const text = 'ruls: []\nhosts: { A: { adresses: [10.0.0.1] } }\nnetworks: { b: [] }\n';
    expect(report(text, 'rules: [{}]').problems).toHaveLength(8);
  });
});

function inPlace({ places }: Policy, name: string, address: string): boolean {
  const set = places.get(name);
  return set !== undefined && isAt(set, addressNumber(requireRange(address)), []) === true;
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

  it('has the same digest for one exception and for a list of it, another for more', () => {
    const rule = (unless: string) =>
      policyOf(`rules: [{ id: r, allow: [pull], repositories: ["**"], unless: ${unless} }]`).digest;
    expect(rule('[{ from: [10.0.0.1, 10.0.0.2] }]')).toBe(rule('{ from: [10.0.0.2, 10.0.0.1] }'));
    const two = ['{ from: [10.0.0.1] }', '{ who: { users: [a] } }'];
    expect(rule(`[${two.join(', ')}]`)).toBe(rule(`[${two.toReversed().join(', ')}]`));
    expect(rule(`[${two.join(', ')}]`)).not.toBe(rule(two[0] ?? ''));
  });

  it('has another digest when a set changes', () => {
    const withSet = (name: string) => policyOf(text, `sets: { users: { a: [${name}] } }`).digest;
    expect(new Set([policyOf(text).digest, withSet('x'), withSet('y')]).size).toBe(3);
  });

  it('holds its rules as data, with the names of sets written out', () => {
    const [rule] = policyOf(`
networks: { builders: [10.1.2.0/28] }
sets:
  users: { staff: [alice, "set:more"], more: [bob, alice] }
  repositories: { ours: [a/b, "c/**"] }
rules:
  - id: r
    deny: [push]
    repositories: ["set:ours"]
    who: { users: ["set:staff"], methods: [password] }
    unless: [{ from: [builders, 10.9.0.1] }, { tags: [dev], actions: [create] }]
`).rules;
    expect(rule?.when).toMatchObject({
      actions: { list: ['create', 'overwrite'] },
      repositories: [{ text: 'a/b' }, { text: 'c/**' }],
      users: new Set(['alice', 'bob']),
      methods: new Set(['password']),
    });
    expect(rule?.unless).toMatchObject([
      { from: { entries: [{ text: 'builders' }, { text: '10.9.0.1' }] } },
      { tags: { globs: [{ text: 'dev' }], untagged: true }, actions: { list: ['create'] } },
    ]);
    expect(rule).toMatchObject({
      effect: 'deny',
      bind: false,
      place: { file: 'a.yaml', line: 7, column: 5 },
    });
  });

  it('knows hosts by their addresses, and places by their names', () => {
    const policy = policyOf(text);
    const nameOf = (address: string) => policy.hostOf(address, [])?.name;
    expect([nameOf('10.0.0.1'), nameOf('2001:db8::1'), nameOf('10.2.0.1')]).toEqual(['h', 'h', undefined]);
    expect(inPlace(policy, 'n', '10.2.255.255')).toBe(true);
    expect(inPlace(policy, 'n', '2001:db8::1')).toBe(true);
    expect(inPlace(policy, 'h', '10.2.255.255')).toBe(false);
    expect(policy.places.get('constructor')).toBeUndefined();
    expect(policy.hosts.get('h')?.since).toBe('2026-03-01');
  });
});
