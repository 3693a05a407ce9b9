import { mkdirSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { makeTemp, type Temp } from '../support/temp.ts';
import { runCommand } from './run-command.ts';

const GOOD = `networks: { builders: [10.1.2.0/28] }
rules:
  - { id: ci, allow: [push], repositories: ["**"], who: { groups: [ci] }, from: [builders] }
`;
const OPEN = `rules:
  - { id: open, allow: [push], repositories: ["**"], who: { groups: [ci] } }
`;
const WRONG = `rules:
  - { id: wrong, alow: [push], repositories: ["Team/**"], from: [10.1.2.0/28] }
`;

let temp: Temp;
beforeEach(() => {
  temp = makeTemp('policy-check');
  mkdirSync(temp.at('policies'));
});
afterEach(() => temp.stop());

const write = (name: string, text: string): void => writeFileSync(temp.at('policies', name), text);
const check = (...args: string[]) => runCommand(temp.at('warden.yaml'), ['policy', 'check', ...args]);

describe('warden policy check', () => {
  it('needs no settings where the policy is named', async () => {
    write('a.yaml', GOOD);
    expect(await check(temp.at('policies'))).toMatchObject({
      status: 0,
      out: [expect.stringMatching(/^good: 1 rule, 0 warnings; policy sha256:[0-9a-f]{64}$/)],
      err: [],
    });
  });

  it('names every problem of every file with its place and what was probably meant', async () => {
    write('a.yaml', WRONG);
    write('b.yaml', 'rulse: []\n');
    const { status, out, err } = await check(temp.at('policies'));
    expect({ status, out }).toEqual({ status: 2, out: [] });
    expect(err).toEqual([
      expect.stringMatching(/a\.yaml:2:5 rules\[0\]: a rule needs allow or deny$/),
      expect.stringMatching(/a\.yaml:2:18 rules\[0\]: unknown key `alow`; did you mean `allow`\?$/),
      expect.stringMatching(/a\.yaml:2:47 .*lower case; "team\/\*\*"\?$/),
      expect.stringMatching(/b\.yaml:1:1 unknown key `rulse`; did you mean `rules`\?$/),
      '4 problems',
    ]);
  });

  it('shows names of files without what a terminal would obey', async () => {
    write('a\u001b[2J\nb.yaml', WRONG);
    const { err } = await check(temp.at('policies'));
    expect(err).toHaveLength(4);
    expect(err[0]).toMatch(/a\\u\{1b\}\[2J\\u\{a\}b\.yaml:2:5 /);
  });

  it('takes files and folders together as one policy', async () => {
    write('a.yaml', GOOD.split('\n').slice(1).join('\n'));
    writeFileSync(temp.at('networks.yaml'), GOOD.split('\n')[0] ?? '');
    expect(await check(temp.at('policies'))).toMatchObject({ status: 2 });
    expect(await check(temp.at('policies'), temp.at('networks.yaml'))).toMatchObject({ status: 0 });
  });

  it('tells warnings, and minds them only where they are to count', async () => {
    write('a.yaml', OPEN);
    const told = [
      expect.stringMatching(/a\.yaml:2:24 rule open: allows pushes from any address.*\(warning\)$/),
    ];
    expect(await check(temp.at('policies'))).toMatchObject({ status: 0, err: told });
    expect(await check(temp.at('policies'), '--strict')).toMatchObject({ status: 1, err: told });
  });

  it('gives the same as JSON', async () => {
    write('a.yaml', OPEN);
    const { status, out, err } = await check(temp.at('policies'), '--json', '--strict');
    expect({ status, err }).toEqual({ status: 1, err: [] });
    expect(JSON.parse(out.join('\n'))).toEqual({
      ok: true,
      digest: expect.stringMatching(/^sha256:/),
      rules: 1,
      problems: [],
      warnings: [
        {
          file: temp.at('policies', 'a.yaml'),
          line: 2,
          column: 24,
          message: expect.stringContaining('any address'),
        },
      ],
    });
    write('a.yaml', WRONG);
    const wrong = JSON.parse((await check(temp.at('policies'), '--json')).out.join('\n'));
    expect(wrong).toMatchObject({ ok: false, warnings: [] });
    expect(wrong.problems).toHaveLength(3);
  });

  it('looks into the settings where no policy is named', async () => {
    expect(await check()).toMatchObject({
      status: 2,
      err: [expect.stringContaining('warden.yaml:1:1 cannot be read'), '1 problem'],
    });
    write('a.yaml', GOOD);
    const registry = { url: 'http://127.0.0.1:1', keyFile: 'u.pem', certificateFile: 'u.crt' };
    const settings = { publicUrl: 'http://127.0.0.1:5000', registry, tokens: { keyFile: 't.pem' } };
    writeFileSync(temp.at('other.yaml'), JSON.stringify({ ...settings, policy: 'policies' }));
    expect(await check('--config', temp.at('other.yaml'))).toMatchObject({ status: 0 });
  });
});
