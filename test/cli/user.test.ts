import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { verify } from '@node-rs/bcrypt';
import { loadUsers } from '../../src/identity/users-file.ts';
import { makeTemp, type Temp } from '../support/temp.ts';
import { runCommand, type Typed } from './run-command.ts';

const PASSWORD = 'correct horse battery';

let temp: Temp;
beforeEach(() => {
  temp = makeTemp('user');
  writeFileSync(
    temp.at('warden.yaml'),
    'publicUrl: http://127.0.0.1:5000\nregistry: { url: "http://127.0.0.1:5001", keyFile: a, certificateFile: b }\ntokens: { keyFile: c }\nusers: etc/users.yaml\n',
  );
});
afterEach(() => temp.stop());

const run = (args: readonly string[], input?: Typed) =>
  runCommand(temp.at('warden.yaml'), ['user', ...args], input);
const file = () => temp.at('etc', 'users.yaml');

async function stored(name: string): Promise<{ password: string; groups: readonly string[] } | undefined> {
  const loaded = await loadUsers(file());
  return loaded.ok ? loaded.users.byName.get(name) : undefined;
}

async function isPassword(name: string, password: string): Promise<boolean> {
  return await verify(password, (await stored(name))?.password ?? '');
}

describe('warden user add', () => {
  it('adds a user with groups and the password that is piped in', async () => {
    const said = await run(['add', 'alice', '--group', 'ci', '--group', 'a,b', '--password-stdin'], {
      piped: `${PASSWORD}\n`,
    });
    expect(said).toMatchObject({ status: 0, out: [] });
    expect(await stored('alice')).toMatchObject({ groups: ['ci', 'a', 'b'] });
    expect((await stored('alice'))?.password).toMatch(/^\$2b\$12\$/);
    expect(await isPassword('alice', PASSWORD)).toBe(true);
    expect(statSync(file()).mode & 0o777).toBe(0o600);
    expect(readFileSync(file(), 'utf8')).not.toContain(PASSWORD);
  });

  it.each([
    ['without a line end', PASSWORD, PASSWORD],
    ['with a line end of Windows', `${PASSWORD}\r\n`, PASSWORD],
    ['with blanks, which belong to it', ` ${PASSWORD} \n`, ` ${PASSWORD} `],
    ['outside ASCII', 'pässwörd€😀\n', 'pässwörd€😀'],
  ])('takes a piped password %s', async (_what, piped, password) => {
    await run(['add', 'alice', '--password-stdin'], { piped });
    expect(await isPassword('alice', password)).toBe(true);
  });

  it('makes a password and prints nothing else on standard output', async () => {
    const said = await run(['add', 'alice', '--generate']);
    expect(said.out).toEqual([expect.stringMatching(/^[A-Za-z0-9_-]{24}$/)]);
    expect(said.err.join('\n')).not.toContain(said.out[0]);
    expect(await isPassword('alice', said.out[0] ?? '')).toBe(true);
    expect((await run(['add', 'bob', '--generate'])).out).not.toEqual(said.out);
  });

  it('asks twice on a terminal, and shows nothing', async () => {
    const said = await run(['add', 'alice'], { typed: [`${PASSWORD}\r`, `${PASSWORD}\r`] });
    expect(said).toMatchObject({ status: 0, out: [], raw: [true, false], reading: false });
    expect(said.err.join('\n')).not.toContain(PASSWORD);
    expect(await isPassword('alice', PASSWORD)).toBe(true);
  });

  it('lets what is typed be mended, and takes both lines from one paste', async () => {
    const typed = [`${PASSWORD}€x\x7f\x7f\b\x7fry\r${PASSWORD}\n`];
    expect(await run(['add', 'alice'], { typed })).toMatchObject({ status: 0, raw: [true, false] });
    expect(await isPassword('alice', PASSWORD)).toBe(true);
  });

  it.each([
    ['the two lines differ', ['one password\r', 'another password\r'], 'the two differ'],
    ['it is given up with Ctrl-C', ['one pass\x03'], 'given up'],
    ['it is given up with Ctrl-D', ['one password\r', '\x04'], 'given up'],
  ])('adds nobody when %s, and leaves the terminal as it was', async (_what, typed, sentence) => {
    const said = await run(['add', 'alice'], { typed });
    expect(said).toMatchObject({ status: 1, raw: [true, false], reading: false });
    expect(said.err.at(-1)).toContain(sentence);
    expect(existsSync(file())).toBe(false);
  });

  it.each([
    ['too short', 'seven77', 'too short'],
    ['empty', '', 'too short'],
    ['too long', 'x'.repeat(1025), 'too long'],
    ['two lines', 'first line\nsecond line\n', 'control character'],
    ['with a NUL', 'correct\0horse', 'control character'],
    ['the name of the user', 'Alice-of-Ci', 'is the name of the user'],
    ['what everyone tries', 'Password123', 'everyone tries first'],
    ['no text', Uint8Array.of(0xff, 0xfe, 0xff, 0xfe, 0xff, 0xfe, 0xff, 0xfe), 'not UTF-8'],
    ['endless', 'x'.repeat(100_000), 'too long for a password'],
  ])('refuses a password that is %s', async (_what, piped, sentence) => {
    const said = await run(['add', 'alice-of-ci', '--password-stdin'], { piped });
    expect(said.status).toBe(1);
    expect(said.err).toEqual([expect.stringContaining(sentence)]);
    expect(existsSync(file())).toBe(false);
  });

  it('refuses a user that is there, before it asks for anything', async () => {
    await run(['add', 'alice', '--password-stdin'], { piped: PASSWORD });
    const said = await run(['add', 'alice'], { typed: [] });
    expect(said).toMatchObject({ status: 1, raw: [] });
    expect(said.err).toEqual([expect.stringContaining('there is a user alice already')]);
    expect(await isPassword('alice', PASSWORD)).toBe(true);
  });

  it.each([
    [['add', 'Alice', '--generate'], '"Alice" is no name'],
    [['add', 'alice ', '--generate'], 'is no name'],
    [['add', '', '--generate'], 'is no name'],
    [['add', '\u001b[31m', '--generate'], '"\\u001b[31m" is no name'],
    [['add', 'alice', '--group', '*', '--generate'], '"*" is no name'],
    [['add', 'alice', '--generate', '--password-stdin'], 'exclude each other'],
    [['add', 'alice'], 'no terminal'],
  ])('refuses %j', async (args, sentence) => {
    const said = await run(args);
    expect(said).toMatchObject({ status: 1, out: [], err: [expect.stringContaining(sentence)] });
    expect(existsSync(file())).toBe(false);
  });
});

describe('warden user passwd', () => {
  it('changes the password and nothing else', async () => {
    await run(['add', 'alice', '--group', 'ci', '--password-stdin'], { piped: PASSWORD });
    expect((await run(['passwd', 'alice', '--password-stdin'], { piped: 'another password' })).status).toBe(
      0,
    );
    expect(await isPassword('alice', 'another password')).toBe(true);
    expect(await isPassword('alice', PASSWORD)).toBe(false);
    expect(await stored('alice')).toMatchObject({ groups: ['ci'] });
  });

  it('refuses a user that is not there', async () => {
    await run(['add', 'alice', '--generate']);
    const said = await run(['passwd', 'bob', '--generate']);
    expect(said).toMatchObject({ status: 1, out: [], err: ['warden: there is no user "bob"'] });
  });
});

describe('warden user groups, remove and list', () => {
  beforeEach(async () => {
    await run(['add', 'alice', '--group', 'ci', '--generate']);
    await run(['add', 'bo', '--generate']);
  });

  it('shows and sets groups', async () => {
    expect((await run(['groups', 'alice'])).out).toEqual(['ci']);
    await run(['groups', 'alice', '--set', 'x', 'y,z']);
    expect((await run(['groups', 'alice'])).out).toEqual(['x y z']);
    await run(['groups', 'alice', '--set', '']);
    expect((await run(['groups', 'alice'])).out).toEqual(['']);
    expect((await run(['groups', 'alice', '--set', 'A'])).status).toBe(1);
    expect((await run(['groups', 'carol'])).status).toBe(1);
    expect((await run(['groups', 'carol', '--set', 'x'])).status).toBe(1);
  });

  it('removes a user', async () => {
    expect((await run(['remove', 'alice'])).status).toBe(0);
    expect(await stored('alice')).toBeUndefined();
    expect(await run(['remove', 'alice'])).toMatchObject({
      status: 1,
      err: ['warden: there is no user "alice"'],
    });
  });

  it('lists users with groups, and no hashes', async () => {
    expect((await run(['list'])).out).toEqual(['alice  ci', 'bo']);
    expect(JSON.parse((await run(['list', '--json'])).out.join())).toEqual({
      users: [
        { name: 'alice', groups: ['ci'] },
        { name: 'bo', groups: [] },
      ],
    });
  });

  it('warns while others of the machine may read the hashes', async () => {
    chmodSync(file(), 0o644);
    expect((await run(['list'])).err).toEqual([expect.stringContaining('chmod 600')]);
  });
});

describe('warden user', () => {
  it('lists nobody while there is no file', async () => {
    expect(await run(['list'])).toMatchObject({ status: 0, out: [], err: [] });
  });

  it('stops at problems of the users file or the settings, with their places', async () => {
    await run(['add', 'alice', '--generate']);
    writeFileSync(file(), 'users: { alice: { passwd: x } }');
    for (const args of [['list'], ['remove', 'alice'], ['add', 'bob', '--generate'], ['groups', 'alice']]) {
      const said = await run(args);
      expect(said).toMatchObject({ status: 2, out: [] });
      expect(said.err[0]).toContain(`${file()}:1:`);
    }
    const settings = await runCommand(temp.at('none.yaml'), ['user', 'list']);
    expect(settings).toMatchObject({ status: 2, err: [expect.stringContaining('none.yaml:1:1')] });
  });
});
