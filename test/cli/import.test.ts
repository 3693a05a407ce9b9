import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { loadPolicy } from '../../src/config/policy-files.ts';
import { loadUsers } from '../../src/identity/users-file.ts';
import { makeTemp, type Temp } from '../support/temp.ts';
import { runCommand } from './run-command.ts';

const HASH = '$2y$05$LO.vzwpWC5LZGqThvEfznu8qhb5SGqvBSWY1J3yZ4AxtMRZ3kN5jC';
const GOOD = `users: { ann: { password: "${HASH}" } }\nacl:\n  - match: { account: ann }\n    actions: [pull]\n`;

let temp: Temp;
beforeEach(() => {
  temp = makeTemp('import');
});
afterEach(() => temp.stop());

function run(text: string, ...options: readonly string[]) {
  writeFileSync(temp.at('auth.yml'), text);
  return runCommand('', ['import', 'docker-auth', temp.at('auth.yml'), ...options]);
}
const policy = () => temp.at('out', 'policies', 'docker-auth.yaml');
const users = () => temp.at('out', 'users.yaml');

describe('warden import docker-auth', () => {
  it('writes users and a policy that can be used, the hashes for their owner only', async () => {
    const said = await run(GOOD, '--out', temp.at('out'));
    expect(said).toMatchObject({ status: 0, err: [] });
    expect(said.out.join('\n')).not.toContain(HASH);
    expect(await loadPolicy(temp.at('out', 'policies'))).toMatchObject({ ok: true });
    expect(await loadUsers(users())).toMatchObject({ ok: true, warnings: [] });
    expect(statSync(users()).mode & 0o777).toBe(0o600);
    expect(statSync(policy()).mode & 0o777).toBe(0o644 & ~process.umask());
  });

  it('only reports without a folder', async () => {
    const said = await run(GOOD);
    expect(said).toMatchObject({ status: 0, err: [] });
    expect(said.out.at(-1)).toBe('Nothing was written; --out FOLDER writes it.');
    expect(existsSync(temp.at('out'))).toBe(false);
  });

  it.each(['users.yaml', 'policies/docker-auth.yaml'])(
    'leaves all as it is where %s is there',
    async (name) => {
      mkdirSync(temp.at('out', 'policies'), { recursive: true });
      writeFileSync(temp.at('out', name), 'mine');
      const said = await run(GOOD, '--out', temp.at('out'));
      expect(said).toMatchObject({ status: 1, out: [] });
      expect(said.err).toEqual([
        `warden: ${temp.at('out', name)} is there already; nothing was written. --force replaces it`,
      ]);
      expect(readFileSync(temp.at('out', name), 'utf8')).toBe('mine');
      expect([users(), policy()].filter((file) => existsSync(file))).toEqual([temp.at('out', name)]);
    },
  );

  it('replaces with --force, and keeps the rights of the file', async () => {
    mkdirSync(temp.at('out'));
    writeFileSync(users(), 'mine', { mode: 0o640 });
    expect(await run(GOOD, '--out', temp.at('out'), '--force')).toMatchObject({ status: 0, err: [] });
    expect(readFileSync(users(), 'utf8')).toContain(HASH);
    expect(statSync(users()).mode & 0o777).toBe(0o640);
  });

  it('says why nothing can be written', async () => {
    writeFileSync(temp.at('out'), '');
    const said = await run(GOOD, '--out', temp.at('out', 'sub'));
    expect(said).toMatchObject({ status: 1, out: [] });
    expect(said.err.join()).toContain('a part of its path is a file, not a folder');
  });

  it('writes no policy without rules', async () => {
    const said = await run('users: {}\nacl: []\n', '--out', temp.at('out'));
    expect(said.status).toBe(0);
    expect(said.out).toContain(
      'No rule was made, so there is no policy to write: everything would be refused.',
    );
    expect(existsSync(policy())).toBe(false);
    expect(await loadUsers(users())).toMatchObject({ ok: true });
  });

  it('takes the service of the registry', async () => {
    const text = 'acl: [{ match: { account: ann, service: reg }, actions: [pull] }]';
    expect((await run(text)).out.join('\n')).toContain('it asks for a service; say with --service');
    expect((await run(text, '--service', 'reg')).out[0]).toContain(
      '1 of 1 entries carried whole, in 1 rules',
    );
    expect((await run(text, '--service', 'other')).out[0]).toContain('in 0 rules');
  });

  it.each([
    ['a file that is none', undefined, /auth\.yml cannot be read: it does not exist/],
    ['what is no YAML', 'acl: [', /auth\.yml:1:\d+ /],
    ['an entry without match', 'acl:\n  - actions: [pull]\n', /auth\.yml:2:\d+ .*match is missing/],
    [
      'a range that is none',
      'acl:\n  - match: { ip: 10.0.0 }\n',
      /auth\.yml:2:\d+ .*expected an address or a range/,
    ],
    ['a number for a name', 'acl:\n  - match: { account: 7 }\n', /auth\.yml:2:\d+ .*expected a text.*quotes/],
    [
      'a character that stands for a variable here',
      'acl:\n  - match: { name: "\uE000/*" }\n',
      /auth\.yml:2:21 a character for private use/,
    ],
    [
      'the same as an escape',
      'acl:\n  - match: { name: "\\ue000/*" }\n',
      /auth\.yml:2:21 a character for private use/,
    ],
    ['anchors', 'acl:\n  - match: &a { account: ann }\n', /auth\.yml:2:\d+ anchors/],
  ])('refuses %s with its place', async (_what, text, message) => {
    const said =
      text === undefined
        ? await runCommand('', ['import', 'docker-auth', temp.at('auth.yml')])
        : await run(text);
    expect(said).toMatchObject({ status: 2, out: [] });
    expect(said.err.join('\n')).toMatch(message);
  });

  it('lets no text of the file reach the terminal as a command', async () => {
    const said = await run('acl: [{ match: { "te\\e[2Jam": x }, actions: [pull], comment: "a\\nb\\e[0m" }]');
    expect(said.out.join('\n')).not.toMatch(/\p{Cc}(?<!\n)/u);
  });
});
