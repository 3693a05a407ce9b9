import { mkdirSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { makeTemp, type Temp } from '../support/temp.ts';
import { runCommand, type Typed } from './run-command.ts';

const POLICY = `hosts: { jenkins-01: { addresses: [10.1.2.11] } }
networks: { builders: [jenkins-01], lab: [10.7.66.0/24] }
rules:
  - { id: pulls, allow: [pull], repositories: ["**"], from: [10.0.0.0/8], unless: { from: [lab] } }
  - { id: team-push, allow: [push], repositories: ["team/**"], who: { groups: [ci] }, from: [builders], message: Push through Jenkins. }
  - { id: freeze, deny: [push], repositories: ["**"], time: ["2026-12-20 18:00 to 2027-01-04 06:00 Europe/Berlin"], unless: { who: { groups: [release] } } }
  - { id: old-docker, deny: [push], repositories: ["**"], client: ["docker < 20.10"], enforce: false }
`;
const NOW = Date.UTC(2026, 10, 23, 12);

let temp: Temp;
beforeEach(() => {
  temp = makeTemp('policy-explain');
  mkdirSync(temp.at('policies'));
  writeFileSync(temp.at('policies', 'a.yaml'), POLICY);
});
afterEach(() => temp.stop());

const run = (args: readonly string[], typed: Typed = {}) =>
  runCommand(temp.at('warden.yaml'), ['policy', 'explain', ...args], { now: NOW, ...typed });
const explain = (...args: string[]) => run(['--policy', temp.at('policies'), ...args]);
const PUSH = ['--action', 'push', '--repository', 'team/app', '--tag', 'v1', '--client', 'docker/19.03.5'];

describe('warden policy explain', () => {
  it('says the decision first, then what every rule says, the nearest first', async () => {
    const { status, out, err } = await explain(
      '--user',
      'alice',
      '--group',
      'ci',
      '--from',
      '10.7.7.7',
      ...PUSH,
    );
    expect({ status, err }).toEqual({ status: 0, err: [] });
    expect(out.map((line) => line.replace(/sha256:\w+/, 'sha256:…'))).toEqual([
      'refused: push team/app:v1',
      '  by        no rule allows it',
      '  nearest   team-push',
      '  message   Push through Jenkins.',
      '  tried     old-docker (enforce: false)',
      '  who       alice (person, password); groups ci',
      '  from      10.7.7.7',
      '  time      2026-11-23T12:00:00.000Z',
      '  client    docker/19.03.5',
      '  policy    sha256:…',
      '',
      'RULE        EFFECT        HOLDS  WHY',
      'old-docker  deny (tried)  yes',
      'team-push   allow         no     from: expected builders; seen 10.7.7.7',
      'freeze      deny          no     time: expected 2026-12-20 18:00 to 2027-01-04 06:00 Europe/Berlin; seen 2026-11-23T12:00:00.000Z',
      'pulls       allow         no     action: expected pull; seen create, overwrite',
    ]);
  });

  it('tells a granted one, an exception that holds, and who was taken for a host', async () => {
    const granted = await explain('--user', 'alice', '--group', 'ci', '--from', 'jenkins-01', ...PUSH);
    expect(granted.out.slice(0, 2)).toEqual(['granted: push team/app:v1', '  by        team-push']);
    expect(granted.out).toContain('  from      jenkins-01 10.1.2.11');
    const lab = await explain('--from', '10.7.66.1', '--action', 'pull', '--repository', 'base/os');
    expect(lab.out[0]).toBe('refused: pull base/os');
    expect(lab.out.join('\n')).toMatch(/pulls +allow +no +excepted by unless: from 10\.7\.66\.1/);
  });

  it('shows as unknown what is not said', async () => {
    const { out } = await explain(
      '--user',
      'alice',
      '--group',
      'ci',
      '--action',
      'push',
      '--repository',
      'team/app',
    );
    expect(out[0]).toBe('possible: push team/app, tag not known');
    expect(out).toContain('  from      not known');
    expect(out.join('\n')).toMatch(/team-push +allow +unknown +from is not known; expected builders/);
    expect(out.join('\n')).toMatch(
      /old-docker +deny \(tried\) +unknown +client is not known; expected docker < 20\.10/,
    );
  });

  it('asks about another time', async () => {
    const ask = (...more: string[]) =>
      explain(
        '--user',
        'a',
        '--group',
        'ci',
        '--from',
        'jenkins-01',
        ...PUSH,
        '--time',
        '2026-12-24 12:00 Europe/Berlin',
        ...more,
      );
    expect((await ask()).out.slice(0, 2)).toEqual(['refused: push team/app:v1', '  by        freeze']);
    expect((await ask('--group', 'release')).out[0]).toBe('granted: push team/app:v1');
  });

  it('fits the terminal', async () => {
    const { out } = await run(
      ['--policy', temp.at('policies'), '--user', 'alice', '--group', 'ci', '--from', '10.7.7.7', ...PUSH],
      { columns: 72 },
    );
    expect(Math.max(...out.map((line) => line.length))).toBeLessThanOrEqual(72 + 'sha256:'.length);
    expect(out.filter((line) => line.length > 72)).toEqual([]);
    expect(out.join(' ').replace(/\s+/g, ' ')).toContain(
      '2027-01-04 06:00 Europe/Berlin; seen 2026-11-23T12:00:00.000Z',
    );
  });

  it('gives the same as JSON', async () => {
    const { out } = await explain(
      '--user',
      'alice',
      '--group',
      'ci',
      '--from',
      '10.7.7.7',
      ...PUSH,
      '--json',
    );
    const json = JSON.parse(out.join('\n'));
    expect(json).toMatchObject({
      decision: { verdict: 'refused', rules: [], nearest: 'team-push', observed: ['old-docker'] },
      policy: expect.stringMatching(/^sha256:/),
      question: { address: '10.7.7.7', tag: 'v1', unknown: [] },
    });
    expect(json.rules).toHaveLength(4);
    expect(json.rules[1]).toEqual({
      id: 'team-push',
      effect: 'allow',
      holds: 'no',
      why: 'from: expected builders; seen 10.7.7.7',
      file: temp.at('policies', 'a.yaml'),
      line: 5,
      column: 5,
      facts: [
        { fact: 'actions', holds: 'yes', expected: ['create', 'overwrite'], seen: 'create, overwrite' },
        { fact: 'repositories', holds: 'yes', expected: ['team/**'], seen: 'team/app' },
        { fact: 'groups', holds: 'yes', expected: ['ci'], seen: 'ci' },
        { fact: 'from', holds: 'no', expected: ['builders'], seen: '10.7.7.7' },
      ],
    });
  });

  it('takes the groups from the users file, unless others are given', async () => {
    const registry = { url: 'http://127.0.0.1:1', keyFile: 'u.pem', certificateFile: 'u.crt' };
    const settings = { publicUrl: 'http://127.0.0.1:5000', registry, tokens: { keyFile: 't.pem' } };
    writeFileSync(temp.at('warden.yaml'), JSON.stringify({ ...settings, policy: 'policies' }));
    const ask = (...args: string[]) => run([...args, '--from', 'jenkins-01', ...PUSH]);
    expect((await ask('--user', 'alice')).err).toEqual([]);
    const password = `$2b$04$${'.'.repeat(53)}`;
    writeFileSync(temp.at('users.yaml'), JSON.stringify({ users: { alice: { password, groups: ['ci'] } } }));
    expect((await ask('--user', 'alice')).out[0]).toBe('granted: push team/app:v1');
    expect((await ask('--user', 'alice', '--group', 'dev')).out[0]).toBe('refused: push team/app:v1');
    const other = await ask('--user', 'bob');
    expect(other.out[0]).toBe('refused: push team/app:v1');
    expect(other.err).toEqual(['the users file has no bob: answered as for somebody in no group']);
    expect(other.out.join()).not.toContain('$2b$');
    const ldap = { servers: ['ldaps://127.0.0.1:1'], users: { base: 'dc=corp' } };
    writeFileSync(temp.at('warden.yaml'), JSON.stringify({ ...settings, policy: 'policies', ldap }));
    const ofDirectory = await ask('--user', 'bob');
    expect(ofDirectory.err.join()).toMatch(
      /no group; the directory is not asked here: say its groups with --group$/,
    );
  });

  it.each<[string, readonly string[], RegExp]>([
    ['a question without an action', [], /^--action: what is done is missing/],
    ['an action that is none', ['--action', 'psh'], /^--action: .*did you mean "push"/],
    [
      'a claim without a value',
      ['--action', 'pull', '--build', 'project'],
      /^--build "project": expected claim=value/,
    ],
    [
      'a claim twice',
      ['--action', 'pull', '--build', 'job=a', '--build', 'job=b'],
      /^--build job: stands twice/,
    ],
    [
      'two policies',
      ['--action', 'pull', '--version', 'abcdef0'],
      /^--policy and --version each name a policy/,
    ],
    [
      'a decision with facts',
      ['--decision', '0123456789abcdef', '--token-from', '::1'],
      /leave out --token-from/,
    ],
  ])('refuses %s', async (_what, args, message) => {
    const { status, out, err } = await explain(...args);
    expect({ status, out }).toEqual({ status: 2, out: [] });
    expect(err[0]).toMatch(message);
  });
});
