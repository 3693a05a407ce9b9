/** `warden policy who`, `what` and `diff`: what they take and how they end. What they say is in docs/policy-tools.md. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { makeTemp, type Temp } from '../support/temp.ts';
import { runCommand } from './run-command.ts';

const OLD = `networks: { builders: [10.1.2.0/28] }
rules:
  - { id: ci, allow: [push], repositories: ["{user}/**"], who: { groups: [ci] }, from: [builders] }
  - { id: fixed, deny: [overwrite], repositories: ["**"] }
`;
const RENAMED = OLD.replaceAll('builders', 'makers').replace('id: ci', 'id: makers-push');
const WIDER = OLD.replace('/28', '/24');

let temp: Temp;
beforeAll(() => {
  temp = makeTemp('policy-rights');
  mkdirSync(temp.at('old'));
  writeFileSync(temp.at('old', 'a.yaml'), OLD);
  writeFileSync(temp.at('renamed.yaml'), RENAMED);
  writeFileSync(temp.at('wider.yaml'), WIDER);
  writeFileSync(temp.at('broken.yaml'), 'rules: 1\n');
});
afterAll(() => temp.stop());

const policy = (...args: string[]) => runCommand(temp.at('warden.yaml'), ['policy', ...args]);

describe('warden policy who and what', () => {
  it('give the rows as data', async () => {
    const { status, out, err } = await policy(
      'who',
      '--can',
      'push',
      '--repository',
      'anna/app',
      '--policy',
      temp.at('old'),
      '--json',
    );
    expect({ status, err }).toEqual({ status: 0, err: [] });
    expect(JSON.parse(out.join(''))).toEqual({
      policy: expect.stringMatching(/^sha256:/),
      rows: [
        {
          rules: ['ci'],
          lessenedBy: ['fixed'],
          actions: ['create'],
          who: { users: ['anna'], groups: ['ci'] },
          from: ['builders'],
          addresses: ['10.1.2.0/28'],
        },
      ],
    });
  });

  it('say when groups are not known', async () => {
    const { status, out, err } = await policy('what', '--user', 'anna', '--policy', temp.at('old'));
    expect(status).toBe(0);
    expect(out.at(2)).toMatch(/^ci +create +as members of ci, repository anna\/\*\*, from builders$/);
    expect(err).toEqual(['the groups of anna are not known: rules that ask for one are shown with it']);
  });

  it.each([
    [['what'], /whose rights\? Give --user/],
    [['what', '--user', 'a', '--anonymous'], /give one of them/],
    [['what', '--anonymous', '--group', 'ci'], /--group: nobody is in a group without a login/],
    [['what', '--user', 'a', '--kind', 'robt'], /--kind: "robt": expected one of .*did you mean "robot"/],
    [['who', '--can', 'pusch'], /--can: "pusch": expected one of .*did you mean "push"/],
    [['who', '--can', 'push', '--from', 'bilders'], /--from: .*did you mean "builders"/],
    [['who', '--can', 'push', '--repository', '{user}/x'], /--repository: .*without variables/],
    [['who', '--can', 'push', '--time', '2026-11-23'], /--time "2026-11-23": expected a moment/],
  ])('refuse %j', async (args, message) => {
    const { status, out, err } = await policy(...args, '--policy', temp.at('old'));
    expect({ status, out }).toEqual({ status: 2, out: [] });
    expect(err.join('\n')).toMatch(message);
  });
});

describe('warden policy diff', () => {
  it('finds no difference in other names', async () => {
    expect(await policy('diff', temp.at('old'), temp.at('renamed.yaml'), '--exit-code')).toMatchObject({
      status: 0,
      out: ['no rights change'],
    });
  });

  it('ends with 1 where asked and something changes', async () => {
    const args = ['diff', temp.at('old'), temp.at('wider.yaml')];
    const { out, ...ended } = await policy(...args, '--exit-code');
    expect(ended.status).toBe(1);
    expect(out[0]).toBe('+ members of ci may now push new tags to {user}/** from builders');
    expect((await policy(...args)).status).toBe(0);
  });

  it.each([
    [
      ['nothing.yaml', 'nothing.yaml'],
      /nothing.yaml: there is no such file or folder, and it is neither live nor/,
    ],
    [['broken.yaml', 'old'], /broken\.yaml:1:8 /],
    [['old', 'old', '--replay', 'many'], /--replay: expected a number of days from 1/],
    [['old', 'live'], /warden\.yaml/],
  ])('refuses %j', async ([one = '', other = '', ...more], message) => {
    const place = (name: string): string => (name === 'live' ? name : temp.at(name));
    const { status, err } = await policy('diff', place(one), place(other), ...more);
    expect(status).toBe(2);
    expect(err.join('\n')).toMatch(message);
  });
});
