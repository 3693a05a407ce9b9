import { describe, expect, it } from '@jest/globals';
import { decide } from '../../src/policy/decide.ts';
import { type Action, ANONYMOUS, type Question, UNKNOWN } from '../../src/policy/facts.ts';
import { person, policyOf, question } from './build.ts';

const policy = policyOf(`
hosts:
  jenkins: { addresses: [10.1.2.11, "2001:db8::11"] }
networks:
  intranet: [10.0.0.0/8]
  builders: [jenkins]
rules:
  - { id: pulls, allow: [pull], repositories: ["**"], from: [intranet] }
  - id: team-push
    allow: [push]
    repositories: ["{group}/**"]
    who: { groups: [ci] }
    from: [builders]
    message: Push through Jenkins.
  - { id: cleaner, allow: [delete], repositories: ["tmp/**"], who: { users: [broom] }, from: [builders] }
  - { id: names, allow: [list], repositories: ["public/**"] }
  - id: frozen
    deny: [push]
    repositories: ["team/frozen"]
    message: The image is frozen.
  - { id: locked, deny: [create, overwrite, delete], repositories: ["team/frozen", "tmp/locked"] }
`);

const builder = { subject: person('ci-7', 'ci', 'team'), address: '10.1.2.11', repository: 'team/app' };
const PUSH: readonly Action[] = ['create', 'overwrite'];

describe('decide', () => {
  it.each<[string, Partial<Question>, string, readonly string[]]>([
    [
      'grants a pull on the intranet without a login',
      { subject: ANONYMOUS, address: '10.9.9.9' },
      'granted',
      ['pulls'],
    ],
    ['refuses what no rule allows', {}, 'refused', []],
    ['refuses a pull from outside', { subject: ANONYMOUS, address: '192.0.2.1' }, 'refused', []],
    ['grants a push to a group’s own', { ...builder, actions: ['create'] }, 'granted', ['team-push']],
    [
      'takes a mapped address for its own',
      { ...builder, address: '::ffff:10.1.2.11', actions: PUSH },
      'granted',
      ['team-push'],
    ],
    ['refuses a push from elsewhere', { ...builder, address: '10.1.2.12', actions: PUSH }, 'refused', []],
    [
      'refuses a push without the group',
      { ...builder, subject: person('x', 'team'), actions: PUSH },
      'refused',
      [],
    ],
    [
      'refuses a push to another group’s',
      { ...builder, repository: 'other/app', actions: PUSH },
      'refused',
      [],
    ],
    ['refuses a push without a login', { ...builder, subject: ANONYMOUS, actions: PUSH }, 'refused', []],
    [
      'lets any deny win',
      { ...builder, repository: 'team/frozen', actions: ['create'] },
      'refused',
      ['frozen', 'locked'],
    ],
    ['gives the right to delete on its own', { ...builder, actions: ['delete'] }, 'refused', []],
    [
      'grants a delete to who may',
      { address: '10.1.2.11', subject: person('broom'), repository: 'tmp/a', actions: ['delete'], tag: 'x' },
      'granted',
      ['cleaner'],
    ],
    [
      'refuses to delete by digest as by tag',
      { address: '10.1.2.11', subject: person('broom'), repository: 'tmp/locked', actions: ['delete'] },
      'refused',
      ['locked'],
    ],
    [
      'waits for the address of use',
      { ...builder, address: UNKNOWN, actions: PUSH },
      'possible',
      ['team-push'],
    ],
    [
      'never waits for who asks',
      { ...builder, address: UNKNOWN, subject: person('x'), actions: PUSH },
      'refused',
      [],
    ],
    ['may list some of all repositories', { repository: UNKNOWN, actions: ['list'] }, 'possible', ['names']],
    ['may pull any of all repositories', { repository: UNKNOWN, address: '10.9.9.9' }, 'granted', ['pulls']],
    [
      'may push to none of all repositories without groups',
      { ...builder, subject: person('x'), repository: UNKNOWN, actions: PUSH },
      'refused',
      [],
    ],
    ['refuses an address that is none', { address: '010.1.2.11' }, 'refused', []],
    ['refuses a name that is none', { repository: '../x', address: '10.9.9.9' }, 'refused', []],
    ['refuses the empty name', { repository: '', address: '10.9.9.9' }, 'refused', []],
    ['refuses a question about no action', { actions: [], address: '10.9.9.9' }, 'refused', []],
  ])('%s', (_name, asked, verdict, rules) => {
    const decision = decide(policy, question(asked));
    expect([decision.verdict, decision.rules]).toEqual([verdict, rules]);
  });

  it('names the host of the address, whatever the verdict, and none while the address is unknown', () => {
    expect(decide(policy, question({ address: '2001:DB8::11' })).host).toBe('jenkins');
    expect(decide(policy, question({ ...builder })).host).toBe('jenkins');
    expect(decide(policy, question({ ...builder, address: '10.1.2.12' })).host).toBeUndefined();
    expect(decide(policy, question({ ...builder, address: UNKNOWN })).host).toBeUndefined();
  });

  it('gives the message of the deny that fired', () => {
    const decision = decide(
      policy,
      question({ ...builder, repository: 'team/frozen', actions: ['overwrite'] }),
    );
    expect(decision).toMatchObject({ message: 'The image is frozen.', nearest: 'frozen' });
  });

  it.each<[string, Partial<Question>]>([
    ['the wrong address', { ...builder, address: '10.1.2.12' }],
    ['no login', { ...builder, subject: ANONYMOUS }],
    ['another group', { ...builder, subject: person('x', 'other') }],
    ['everything', { subject: person('x'), address: '192.0.2.1', repository: 'team/app' }],
  ])('gives the message of the nearest allow where %s stands in the way', (_name, asked) => {
    const decision = decide(policy, question({ ...asked, actions: PUSH }));
    expect(decision).toMatchObject({
      verdict: 'refused',
      message: 'Push through Jenkins.',
      nearest: 'team-push',
    });
  });

  it('gives no message of a rule about something else', () => {
    expect(decide(policy, question({ ...builder, actions: ['delete'] }))).toMatchObject({
      message: undefined,
      nearest: undefined,
    });
  });

  it('gives the message of a rule for new tags where an old tag stands in the way', () => {
    const rule =
      'rules: [{ id: new, allow: [create], repositories: ["**"], message: A tag is written once. }]';
    const decision = decide(policyOf(rule), question({ actions: ['overwrite'], address: '10.0.0.1' }));
    expect(decision).toMatchObject({ verdict: 'refused', message: 'A tag is written once.', nearest: 'new' });
  });

  it('prefers the nearer of two messages, in whatever order they stand', () => {
    const near = '{ id: near, allow: [push], repositories: ["**"], from: [10.0.0.1], message: near }';
    const far =
      '{ id: far, allow: [push], repositories: ["**"], who: { users: [x] }, from: [10.0.0.1], message: far }';
    for (const rules of [`[${near}, ${far}]`, `[${far}, ${near}]`]) {
      expect(decide(policyOf(`rules: ${rules}`), question({ actions: ['create'] })).message).toBe('near');
    }
  });

  it('gives the right to create and not to overwrite, and the other way round', () => {
    const two = policyOf('rules: [{ id: new, allow: [create], repositories: ["**"] }]');
    const verdicts = ([['create'], ['overwrite'], PUSH] as const).map(
      (actions) => decide(two, question({ actions, tag: 'latest' })).verdict,
    );
    expect(verdicts).toEqual(['granted', 'refused', 'possible']);
  });

  it('reports a rule that is not enforced and does not follow it', () => {
    const tried = policyOf(`rules:
  - { id: all, allow: [pull], repositories: ["**"] }
  - { id: no, deny: [pull], repositories: ["**"], enforce: false }
  - { id: yes, allow: [push], repositories: ["**"], enforce: false, message: never shown }`);
    expect(decide(tried, question({}))).toMatchObject({
      verdict: 'granted',
      rules: ['all'],
      observed: ['no'],
    });
    expect(decide(tried, question({ actions: ['create'] }))).toMatchObject({
      verdict: 'refused',
      message: undefined,
      observed: ['yes'],
    });
  });
});

describe('tags', () => {
  const tagged = policyOf(`rules:
  - { id: push, allow: [push], repositories: ["**"], tags: ["v*", "dev-*"] }
  - { id: no-v9, deny: [push], repositories: ["**"], tags: [v9] }
  - { id: only-dev, deny: [push], repositories: ["dev"], unless: { tags: ["dev-*"] } }`);

  it.each<[string, string | undefined | typeof UNKNOWN, string]>([
    ['any', 'v1', 'granted'],
    ['any', 'x1', 'refused'],
    ['any', 'v9', 'refused'],
    ['any', undefined, 'granted'],
    ['any', UNKNOWN, 'possible'],
    ['dev', 'dev-1', 'granted'],
    ['dev', 'v1', 'refused'],
    ['dev', undefined, 'granted'],
    ['dev', UNKNOWN, 'possible'],
  ])('a push to %s of %p is %s', (repository, tag, verdict) => {
    expect(decide(tagged, question({ repository, tag, actions: ['create'] })).verdict).toBe(verdict);
  });
});

describe('bind', () => {
  const bound = policyOf(`rules:
  - { id: b, allow: [push], repositories: ["**"], from: [10.1.2.0/24], unless: { from: [10.1.2.66] }, bind: address }`);

  it.each<[string | typeof UNKNOWN, string, string]>([
    ['10.1.2.3', '10.1.2.3', 'granted'],
    ['10.1.2.3', '::ffff:10.1.2.3', 'granted'],
    ['10.1.2.4', '10.1.2.3', 'refused'],
    ['10.9.9.9', '10.9.9.9', 'refused'],
    [UNKNOWN, '10.1.2.3', 'possible'],
    [UNKNOWN, '10.9.9.9', 'refused'],
    [UNKNOWN, '10.1.2.66', 'refused'],
    ['10.1.2.3', 'nonsense', 'refused'],
    [UNKNOWN, 'nonsense', 'refused'],
  ])('used from %p with a token fetched from %s: %s', (address, tokenAddress, verdict) => {
    expect(decide(bound, question({ address, tokenAddress, actions: ['create'] })).verdict).toBe(verdict);
  });
});

describe('who', () => {
  const all = '{ id: w, allow: [pull], repositories: ["**"], who: WHO }';
  const robot = { name: 'r', kind: 'robot', groups: ['ci'], method: 'robot' } as const;

  it.each([
    ['{ users: [alice, bob] }', person('bob'), true],
    ['{ users: [alice] }', person('Alice'), false],
    ['{ users: [alice], groups: [ci] }', person('alice'), false],
    ['{ users: [alice], groups: [ci] }', person('alice', 'ci'), true],
    ['{ groups: [ci, ops] }', person('x', 'ops'), true],
    ['{ kinds: [robot, build] }', robot, true],
    ['{ kinds: [robot, build] }', person('r', 'ci'), false],
    ['{ kinds: [anonymous] }', ANONYMOUS, true],
    ['{ authenticated: true }', ANONYMOUS, false],
    ['{ authenticated: true }', person('x'), true],
    ['{ authenticated: false }', ANONYMOUS, true],
    ['{ authenticated: false }', person('x'), false],
    ['{ approved: true }', { ...person('x'), approved: true }, true],
    ['{ approved: true }', person('x'), false],
    ['{ approved: true }', ANONYMOUS, false],
    ['{ approved: false }', person('x'), true],
    ['{ approved: false }', { ...person('x'), approved: true }, false],
  ] as const)('%s against %o: %s', (who, subject, wanted) => {
    const policy = policyOf(`rules: [${all.replace('WHO', who)}]`);
    expect(decide(policy, question({ subject })).verdict === 'granted').toBe(wanted);
  });
});
