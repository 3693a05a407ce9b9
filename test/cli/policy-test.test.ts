import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { missing } from '../support/needs.ts';
import { run } from '../support/process.ts';
import { makeTemp, type Temp } from '../support/temp.ts';
import { runCommand } from './run-command.ts';

const POLICY = `hosts: { jenkins-01: { addresses: [10.1.2.11] } }
networks: { builders: [jenkins-01] }
rules:
  - { id: pulls, allow: [pull], repositories: ["**"], from: [10.0.0.0/8] }
  - { id: team-push, allow: [push], repositories: ["team/**"], who: { groups: [ci] }, from: [builders], message: Push through Jenkins. }
  - { id: freeze, deny: [push], repositories: ["**"], time: ["2026-12-20 18:00 to 2027-01-04 06:00 Europe/Berlin"] }
  - { id: builds, allow: [push], repositories: ["{build.project}"], build: { branch: [main] } }
`;
const CASES = `people:
  jenkins: { groups: [ci] }
  dev: {}
defaults: { repository: team/app, action: push, tag: v1, from: jenkins-01, time: "2026-11-23 12:00 Europe/Berlin" }
cases:
  - { user: jenkins, expect: granted, rules: [team-push] }
  - { user: [dev, ""], expect: refused, rules: [], message: Push through Jenkins }
  - { name: nothing in the freeze, user: jenkins, time: "2026-12-24 12:00 Europe/Berlin", expect: refused, rules: [freeze] }
  - { name: a token, user: jenkins, from: ~, time: ~, expect: possible }
  - { user: job, groups: [], build: { project: team/app, branch: main }, expect: granted, rules: [builds] }
  - { action: pull, from: [10.7.7.7, jenkins-01], repository: [a, b/c], expect: granted, rules: [pulls] }
`;

let temp: Temp;
beforeEach(() => {
  temp = makeTemp('policy-test');
  mkdirSync(temp.at('policies', 'tests'), { recursive: true });
  writeFileSync(temp.at('policies', 'a.yaml'), POLICY);
});
afterEach(() => temp.stop());

const cases = (text: string, name = 'a.yaml'): void =>
  writeFileSync(temp.at('policies', 'tests', name), text);
const test = (...args: string[]) =>
  runCommand(temp.at('warden.yaml'), ['policy', 'test', temp.at('policies'), ...args]);

describe('warden policy test', () => {
  it('runs the cases beside the policy, and says which rules decided', async () => {
    cases(CASES);
    expect(await test()).toEqual(
      expect.objectContaining({
        status: 0,
        out: ['10 cases passed, 0 failed; 4 of 4 rules decided a case'],
        err: [],
      }),
    );
  });

  it('shows of each case that fails where it stands, what it expected, and what the rules said', async () => {
    cases(`defaults: { from: 10.7.7.7, repository: team/app }
cases:
  - { name: jenkins pushes, user: jenkins, groups: [ci], action: push, tag: v1, expect: granted, rules: [team-push] }
  - { action: pull, expect: refused, message: no }
  - { action: pull, expect: granted }
`);
    const { status, out } = await test();
    expect(status).toBe(1);
    expect(out).toEqual([
      `${temp.at('policies', 'tests', 'a.yaml')}:3:5 jenkins pushes`,
      '  expected granted, was refused by no rule',
      '  expected the rules team-push, decided by no rule',
      '  RULE       EFFECT  HOLDS    WHY',
      '  freeze     deny    unknown  time is not known; expected 2026-12-20 18:00 to 2027-01-04 06:00 Europe/Berlin',
      '  team-push  allow   no       from: expected builders; seen 10.7.7.7',
      '',
      `${temp.at('policies', 'tests', 'a.yaml')}:4:5 anyone pull team/app from 10.7.7.7`,
      '  expected refused, was granted by pulls',
      '  expected the message "no", there is no message',
      '  RULE   EFFECT  HOLDS  WHY',
      '  pulls  allow   yes',
      '',
      '1 case passed, 2 failed; 1 of 4 rules decided a case, not: builds, freeze, team-push',
    ]);
  });

  it('fails for a rule that decided no case where that is asked', async () => {
    cases(
      CASES.split('\n')
        .filter((line) => !line.includes('freeze'))
        .join('\n'),
    );
    expect(await test()).toMatchObject({ status: 0 });
    const { status, out } = await test('--every-rule', '--coverage');
    expect({ status, out }).toEqual({
      status: 1,
      out: [
        'RULE       CASES',
        'builds     1',
        'freeze     0',
        'pulls      4',
        'team-push  2',
        '',
        '9 cases passed, 0 failed; 3 of 4 rules decided a case, not: freeze',
      ],
    });
  });

  it('gives the same as JSON', async () => {
    cases(CASES.replace('expect: possible', 'expect: granted'));
    const { status, out } = await test('--json');
    const json = JSON.parse(out.join('\n'));
    expect(status).toBe(1);
    expect(json).toMatchObject({ passed: 9, failed: 1, coverage: { freeze: 1, pulls: 4 } });
    expect(json.cases.filter(({ passed }: { passed: boolean }) => !passed)).toEqual([
      {
        file: temp.at('policies', 'tests', 'a.yaml'),
        line: 9,
        column: 5,
        name: 'a token',
        passed: false,
        verdict: 'possible',
        rules: ['team-push'],
        failures: ['expected granted, was possible by team-push'],
        said: [
          { rule: 'team-push', holds: 'unknown', why: 'from is not known; expected builders' },
          { rule: 'freeze', holds: 'unknown', why: expect.stringContaining('time is not known') },
        ],
      },
    ]);
  });

  it.each<[string, string, readonly string[]]>([
    [
      'keys, hosts, rules, words, people and answers that are none',
      `people: { jenkins: { groups: [ci] } }
defaults: { from: jenkins-1, action: pull }
cases:
  - { user: jenkns, expect: granted }
  - { repositry: a, expect: granted }
  - { repository: a, expct: granted }
`,
      [
        'a.yaml:5:7 cases[1]: unknown key `repositry`; did you mean `repository`?',
        'a.yaml:6:22 cases[2]: unknown key `expct`; did you mean `expect`?',
      ],
    ],
    [
      'what the policy does not know, each where it stands',
      `people: { jenkins: { groups: [ci] } }
defaults: { from: jenkins-1, action: pull }
cases:
  - { user: jenkns, expect: granted }
  - { from: 10.1.1.1, action: pusch, expect: granted, rules: [pull] }
  - { from: 10.1.1.1, build: { brunch: main }, user: jenkins, expect: granted }
  - { from: 10.1.1.1, repository: [a, B], time: soon }
`,
      [
        'a.yaml:4:13 "jenkns" is none of people, and the case does not say which groups; did you mean "jenkins"?',
        'a.yaml:2:19 "jenkins-1" is no address and no host of the policy; did you mean "jenkins-01"?',
        'a.yaml:5:62 there is no rule "pull"; did you mean "pulls"?',
        'a.yaml:5:31 "pusch": expected one of * did you mean "push"?',
        'a.yaml:6:40 "brunch" is no claim of a build * did you mean "branch"?',
        'a.yaml:7:5 the case does not say what to expect: granted, refused or possible',
        'a.yaml:7:49 "soon": expected a time such as',
        'a.yaml:7:35 "B" is no name of a repository',
      ],
    ],
  ])('refuses %s', async (_what, text, wanted) => {
    cases(text);
    const { status, out, err } = await test();
    expect({ status, out }).toEqual({ status: 2, out: [] });
    // A star stands for what is left out here.
    const patterns = wanted.map((line) => line.replace(/[.?()[\]|]/g, '\\$&').replaceAll(' * ', '.*'));
    expect(err).toEqual([
      ...patterns.map((pattern) => expect.stringMatching(new RegExp(`/tests/${pattern}`))),
      `${wanted.length} problems`,
    ]);
  });

  it('refuses a folder without cases, and one whose cases would not be read', async () => {
    expect((await test()).err[0]).toMatch(
      /tests:1:1 the folder holds no \*\.yaml file, so there are no cases/,
    );
    cases(CASES, 'b.yml');
    expect((await test()).err[0]).toMatch(/b\.yml would not be read/);
    expect(await test('--cases', temp.at('nowhere'))).toMatchObject({ status: 2 });
  });

  it('runs the cases beside each part of the policy', async () => {
    cases('cases: [{ action: pull, from: 10.1.1.1, expect: granted }]');
    mkdirSync(temp.at('more', 'tests'), { recursive: true });
    writeFileSync(temp.at('more', 'b.yaml'), 'rules: [{ id: lists, allow: [list], repositories: [a] }]');
    writeFileSync(
      temp.at('more', 'tests', 'b.yaml'),
      'cases: [{ action: list, repository: a, expect: granted }]',
    );
    const { out } = await test(temp.at('more', 'b.yaml'));
    expect(out[0]).toMatch(/^2 cases passed, 0 failed; 2 of 5 rules/);
  });

  it('takes no file of cases for policy', async () => {
    cases(CASES);
    const checked = await runCommand('', ['policy', 'check', temp.at('policies')]);
    expect(checked).toMatchObject({ status: 0, out: [expect.stringContaining('4 rules')] });
  });

  it('refuses lists that make more questions than anybody means', async () => {
    const names = Array.from({ length: 40 }, (_, at) => `r${at}`).join(', ');
    cases(
      `cases: [{ action: [pull, push, delete], from: [10.1.1.1, 10.1.1.2, "::1"], repository: [${names}], tag: [a, b, c], expect: refused }]`,
    );
    expect((await test()).err[0]).toMatch(/make 1080 questions; at most 1000 are meant/);
  });

  it('writes what Jenkins reads', async () => {
    if (missing('xmllint')) return;
    cases(`defaults: { from: 10.7.7.7, repository: a }
cases:
  - { name: "of <all> & \\"any\\" \u{1f600}\\a", action: pull, expect: granted }
  - { name: same, action: pull, expect: refused }
  - { name: same, action: pull, expect: granted }
`);
    cases(CASES, 'more.yaml');
    const file = temp.at('report.xml');
    expect(await test('--junit', file)).toMatchObject({ status: 1 });
    const xml = readFileSync(file, 'utf8');
    const schema = join(import.meta.dirname, 'junit.xsd');
    const checked = await run('xmllint', ['--noout', '--nonet', '--schema', schema, file]);
    expect(checked).toMatchObject({ status: 0 });
    const ask = async (path: string) => (await run('xmllint', ['--xpath', path, file])).stdout.trim();
    expect(await ask('string(/testsuites/@tests)')).toBe('13');
    expect(await ask('string(/testsuites/@failures)')).toBe('1');
    expect(await ask('string(//testcase[failure]/@name)')).toBe('same');
    expect(await ask('string(//failure/@message)')).toBe('expected refused, was granted by pulls');
    expect(await ask('string(//failure)')).toMatch(
      /a\.yaml:4:5\nexpected refused, was granted by pulls\nRULE +EFFECT +HOLDS +WHY\npulls/,
    );
    expect(await ask('string((//testcase)[1]/@name)')).toMatch(/^of <all> & "any" \u{1f600}/u);
    expect(await ask('string((//testcase)[3]/@name)')).toBe('same (2)');
    expect([xml.includes('\u0007'), xml.includes('\ufffd')]).toEqual([false, true]);
    const unwritable = await test('--junit', temp.at('nowhere', 'x.xml'));
    expect(unwritable).toMatchObject({ status: 2, out: [] });
  });
});
