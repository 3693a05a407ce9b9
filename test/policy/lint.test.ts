import { describe, expect, it } from '@jest/globals';
import { report, withRule } from './build.ts';

describe('a warning', () => {
  const push = { allow: '[push]', who: '{ groups: [ci] }', from: '[10.1.2.3]' };

  it('is not given for a push by named people from a named place', () => {
    expect(report(withRule(push)).warnings).toEqual([]);
  });

  it('is not given for a push by builds', () => {
    const builds = { who: '{ kinds: [build], methods: [oidc] }', build: '{ branch: [main] }' };
    expect(report(withRule({ ...push, ...builds })).warnings).toEqual([]);
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
    ['a push from the NAT of libvirt', { ...push, from: '[192.168.122.0/24]' }, 'the NAT of libvirt'],
    [
      'a push from the NAT of Docker Desktop',
      { ...push, from: '[192.168.65.1]' },
      'the NAT of Docker Desktop',
    ],
    [
      'a way to log in',
      { who: '{ methods: [certificate] }' },
      'a.yaml:6:22 rule r: waits for callers whose method is certificate',
    ],
    [
      'an exception that always holds',
      { from: '[10.1.2.3]', unless: '[{ who: { users: [a] } }, { from: [10.1.0.0/16] }]' },
      'never applies: its exception holds wherever the rest of the rule does',
    ],
    [
      'a build that is a person',
      { who: '{ kinds: [person] }', build: '{ branch: [main] }' },
      'only callers of the kind build have this',
    ],
    ['an approval without a login', { who: '{ authenticated: false, approved: true }' }, 'nobody can be all'],
    ['nobody either', { who: '{ authenticated: false, users: [alice] }' }, 'nobody can be all of this'],
  ])('is given for %s', (_name, lines, wanted) => {
    const { warnings, problems } = report(withRule(lines));
    expect(problems).toEqual([]);
    expect(warnings.join('\n')).toContain(wanted);
  });

  const pair = (one: string, other: string) =>
    report(`rules:\n  - { id: one, ${one} }\n  - { id: other, ${other} }`).warnings;

  it.each([
    [
      'an allow that another says already',
      'allow: [pull], repositories: [a/b], from: [10.1.2.3]',
      'allow: [pull, list], repositories: ["a/**"], from: [10.1.0.0/16]',
      'rule one: changes nothing: the rule other allows all of it already',
    ],
    [
      'two that are the same, once',
      'allow: [pull], repositories: ["**"], from: [10.1.2.3]',
      'allow: [pull], repositories: ["**"], from: [10.1.2.3]',
      'rule other: changes nothing: the rule one allows all of it already',
    ],
    [
      'an allow below a deny with conditions',
      'allow: [pull], repositories: [a/b], who: { users: [eve] }, from: [10.1.2.3]',
      'deny: [pull], repositories: ["a/**"], who: { users: [eve, bob] }',
      'rule one: never applies: the rule other denies all of it',
    ],
    [
      'a deny below a deny',
      'deny: [delete], repositories: [a/b]',
      'deny: [push, delete], repositories: ["**"], unless: { from: [10.0.0.1] }',
      undefined,
    ],
    [
      'a deny whose exceptions are those of the wider one',
      'deny: [delete], repositories: [a/b], unless: { from: [10.0.0.0/8] }',
      'deny: [push, delete], repositories: ["**"], unless: { from: [10.0.0.1] }',
      'rule one: changes nothing: the rule other denies all of it already',
    ],
    [
      'an allow that asks for what the exception is not about',
      'allow: [pull], repositories: [a/b], from: [10.1.2.3]',
      'allow: [pull], repositories: ["**"], unless: { from: [10.9.0.0/16] }',
      'rule one: changes nothing: the rule other allows all of it already',
    ],
    [
      'nothing where an address is outside',
      'allow: [pull], repositories: [a/b], from: [10.1.2.3, 10.2.0.1]',
      'allow: [pull], repositories: ["a/**"], from: [10.1.0.0/16]',
      undefined,
    ],
    [
      'nothing where the wider one is bound',
      'allow: [pull], repositories: [a/b]',
      'allow: [pull], repositories: ["a/**"], bind: address',
      undefined,
    ],
    [
      'nothing where the wider one is only tried',
      'allow: [pull], repositories: [a/b]',
      'deny: [pull], repositories: ["a/**"], enforce: false',
      undefined,
    ],
  ])('tells of %s', (_name, one, other, wanted) => {
    const told = pair(one, other).map((line) => line.replace(/^\S+ /, ''));
    expect(told).toEqual(wanted === undefined ? [] : [wanted]);
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
