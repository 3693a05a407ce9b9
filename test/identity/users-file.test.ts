import {
  chmodSync,
  existsSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { hashSync } from '@node-rs/bcrypt';
import type { Problem } from '../../src/config/yaml.ts';
import { createUsers } from '../../src/identity/users.ts';
import { editUsers } from '../../src/identity/users-edit.ts';
import { loadUsers, parseUsers } from '../../src/identity/users-file.ts';
import { makeTemp, type Temp } from '../support/temp.ts';

const HASH = hashSync('correct horse', { cost: 4 });
const OTHER = hashSync('battery staple', { cost: 4 });

let temp: Temp;
let file: string;
beforeEach(() => {
  temp = makeTemp('users');
  file = temp.at('users.yaml');
});
afterEach(() => temp.stop());

function write(text: string): void {
  writeFileSync(file, text, { mode: 0o600 });
}

describe('the users file', () => {
  it('holds users with a hash and groups', () => {
    const parsed = parseUsers(
      `users:\n  alice: { password: "${HASH}", groups: [ci, admins, ci] }\n  bob:\n    password: ${HASH}\n`,
      'users.yaml',
    );
    expect(parsed.ok && [...parsed.users.byName.values()]).toEqual([
      { name: 'alice', password: HASH, groups: ['ci', 'admins'] },
      { name: 'bob', password: HASH, groups: [] },
    ]);
  });

  it.each(['$2a$', '$2b$', '$2y$'])('takes over hashes of version %s', (version) => {
    const parsed = parseUsers(`users: { alice: { password: "${HASH.replace('$2b$', version)}" } }`, 'f');
    expect(parsed.ok).toBe(true);
  });

  it('counts the cost of a user that does not exist as the highest of those who do', () => {
    const parsed = parseUsers(`users: { a: { password: "${HASH.replace('$04$', '$14$')}" } }`, 'f');
    expect(parsed.ok && parsed.users.highestCost).toBe(14);
    const empty = parseUsers('users: {}', 'f');
    expect(empty.ok && empty.users.highestCost).toBe(12);
  });

  const user = (text: string) => `users:\n  alice:\n    password: ${text}\n`;
  it.each([
    ['an empty file', '', 1, 'holds nothing'],
    ['no users', 'users:\n', 1, 'users'],
    ['an unknown key at the top', `users: {}\nuser: {}\n`, 2, 'unknown key `user`'],
    [
      'an unknown key of a user',
      `users:\n  alice:\n    password: "${HASH}"\n    group: [ci]\n`,
      4,
      'did you mean `groups`',
    ],
    ['a user without a password', 'users:\n  alice:\n    groups: [ci]\n', 2, 'password is missing'],
    ['an empty password', user('""'), 3, 'bcrypt'],
    ['a password in clear', user('hunter2hunter2'), 3, 'bcrypt'],
    ['a hash of another kind', user('$apr1$x$yyyyyyyyyyyyyyyyyyyyyy'), 3, 'bcrypt'],
    ['a hash cut short', user(`"${HASH.slice(0, -1)}"`), 3, 'bcrypt'],
    ['a hash of cost 3', user(`"${HASH.replace('$04$', '$03$')}"`), 3, 'bcrypt'],
    ['a hash of cost 17', user(`"${HASH.replace('$04$', '$17$')}"`), 3, 'bcrypt'],
    ['a hash of version x', user(`"${HASH.replace('$2b$', '$2x$')}"`), 3, 'bcrypt'],
    ['a hash that no password can have', user(`"${HASH.slice(0, -1)}B"`), 3, 'bcrypt'],
    ['a hash with a line break', user(`"${HASH}\\n"`), 3, 'bcrypt'],
    ['a name in capitals', `users:\n  Alice: { password: "${HASH}" }\n`, 2, 'expected a name'],
    ['a name with a blank', `users:\n  "alice ": { password: "${HASH}" }\n`, 2, 'expected a name'],
    ['an empty name', `users:\n  "": { password: "${HASH}" }\n`, 2, 'expected a name'],
    [
      'a name of 65 characters',
      `users:\n  ${'a'.repeat(65)}: { password: "${HASH}" }\n`,
      2,
      'expected a name',
    ],
    ['a name beyond ASCII', `users:\n  zoë: { password: "${HASH}" }\n`, 2, 'expected a name'],
    [
      'a group that is a pattern',
      `users:\n  alice:\n    password: "${HASH}"\n    groups: ["*"]\n`,
      4,
      'expected a name',
    ],
    [
      'a group that is a path',
      `users:\n  alice:\n    password: "${HASH}"\n    groups: [a/b]\n`,
      4,
      'expected a name',
    ],
    [
      'the same user twice',
      `users:\n  alice: { password: "${HASH}" }\n  alice: { password: "${HASH}" }\n`,
      3,
      'twice',
    ],
  ])('is refused with its place: %s', (_what, text, line, message) => {
    const parsed = parseUsers(text, 'users.yaml');
    expect(parsed).toMatchObject({ ok: false });
    const [problem] = parsed.ok ? [] : parsed.problems;
    expect(problem).toMatchObject({ file: 'users.yaml', line });
    expect(problem?.message).toContain(message);
  });

  it('is refused without a word of what stands where a hash should', () => {
    const parsed = parseUsers(user('hunter2hunter2'), 'f');
    expect(JSON.stringify(parsed)).not.toContain('hunter2');
  });

  it('warns when others of the machine may read or change it', async () => {
    write('users: {}');
    const warningsAt = async (mode: number) => {
      chmodSync(file, mode);
      const loaded = await loadUsers(file);
      return loaded.ok ? loaded.warnings.map(({ message }) => message) : undefined;
    };
    expect(await warningsAt(0o600)).toEqual([]);
    expect(await warningsAt(0o640)).toEqual([]);
    expect(await warningsAt(0o644)).toEqual([expect.stringContaining('chmod 600')]);
    expect(await warningsAt(0o660)).toEqual([expect.stringContaining('mode 660')]);
  });

  it('is one problem when it is not there, or is a folder', async () => {
    expect(await loadUsers(file)).toMatchObject({
      ok: false,
      problems: [{ file, message: expect.stringContaining('there is no such file') }],
    });
    expect(await loadUsers(temp.path)).toMatchObject({
      ok: false,
      problems: [{ message: expect.stringContaining('it is a folder') }],
    });
  });
});

describe('an edit of the users file', () => {
  it('makes the file, for its owner alone, and leaves nothing beside it', async () => {
    const put = { do: 'put', name: 'alice', password: HASH, groups: ['ci'] } as const;
    expect(await editUsers(file, () => put)).toEqual({ ok: true });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const loaded = await loadUsers(file);
    expect(loaded.ok && loaded.users.byName.get('alice')).toEqual({
      name: 'alice',
      password: HASH,
      groups: ['ci'],
    });
    expect(existsSync(`${file}.lock`)).toBe(false);
  });

  it('keeps comments, order and whatever it is not about', async () => {
    write(
      `# ours\nusers:\n  # the builder\n  ci-bot: { password: "${HASH}", groups: [ci] } # since 2026\n  alice:\n    password: "${HASH}"\n`,
    );
    await editUsers(file, () => ({ do: 'put', name: 'alice', groups: ['x'] }));
    await editUsers(file, () => ({ do: 'put', name: 'bob', password: OTHER, groups: [] }));
    const text = readFileSync(file, 'utf8');
    expect(text).toContain('# ours');
    expect(text).toContain('  # the builder\n  ci-bot: { password: ');
    expect(text).toContain('# since 2026');
    const loaded = await loadUsers(file);
    expect(loaded.ok && [...loaded.users.byName.values()]).toEqual([
      { name: 'ci-bot', password: HASH, groups: ['ci'] },
      { name: 'alice', password: HASH, groups: ['x'] },
      { name: 'bob', password: OTHER, groups: [] },
    ]);
  });

  it('changes a password and nothing else', async () => {
    write(`users: { alice: { password: "${HASH}", groups: [ci] } }\n`);
    await editUsers(file, () => ({ do: 'put', name: 'alice', password: OTHER }));
    const loaded = await loadUsers(file);
    expect(loaded.ok && loaded.users.byName.get('alice')).toEqual({
      name: 'alice',
      password: OTHER,
      groups: ['ci'],
    });
  });

  it('leaves a file with problems alone and tells them', async () => {
    const text = 'users:\n  alice: { passwd: x }\n';
    write(text);
    const edited = await editUsers(file, () => ({ do: 'put', name: 'bob', password: HASH }));
    expect(edited).toMatchObject({ ok: false, refusal: '', problems: [{ line: 2 }, { line: 2 }] });
    expect(readFileSync(file, 'utf8')).toBe(text);
  });

  it('never writes what it would refuse to read', async () => {
    write('users: {}\n');
    const edited = await editUsers(file, () => ({ do: 'put', name: 'Bob', password: HASH }));
    expect(edited).toMatchObject({ ok: false });
    expect(readFileSync(file, 'utf8')).toBe('users: {}\n');
  });

  it('is not made when its decision says why not', async () => {
    write('users: {}\n');
    expect(await editUsers(file, () => 'there is no user bob')).toEqual({
      ok: false,
      refusal: 'there is no user bob',
      problems: [],
    });
    expect(readFileSync(file, 'utf8')).toBe('users: {}\n');
  });

  it('loses none of many made at once', async () => {
    const names = Array.from({ length: 12 }, (_, index) => `user${index}`);
    const edits = await Promise.all(
      names.map((name) => editUsers(file, () => ({ do: 'put', name, password: HASH }))),
    );
    expect(edits).toEqual(names.map(() => ({ ok: true })));
    const loaded = await loadUsers(file);
    expect(loaded.ok && [...loaded.users.byName.keys()].sort()).toEqual([...names].sort());
  });

  it('waits for another editor, and says so in the end', async () => {
    write('users: {}\n');
    writeFileSync(`${file}.lock`, '');
    expect(await editUsers(file, () => ({ do: 'put', name: 'bob', password: HASH }))).toMatchObject({
      ok: false,
      problems: [{ message: expect.stringContaining('another edit of the file is under way') }],
    });
    expect(readFileSync(file, 'utf8')).toBe('users: {}\n');
  });

  it('keeps reading by the group where that was allowed, and ends what others may', async () => {
    write('users: {}\n');
    chmodSync(file, 0o664);
    await editUsers(file, () => ({ do: 'put', name: 'bob', password: HASH }));
    expect(statSync(file).mode & 0o777).toBe(0o640);
  });

  it('follows a link instead of replacing it', async () => {
    write('users: {}\n');
    const link = temp.at('link.yaml');
    symlinkSync(file, link);
    await editUsers(link, () => ({ do: 'put', name: 'bob', password: HASH }));
    expect(readFileSync(file, 'utf8')).toContain('bob');
  });
});

describe('the users of a running server', () => {
  async function start() {
    const clock = { ms: 0 };
    const problems: (readonly Problem[])[] = [];
    const created = await createUsers({
      file,
      now: () => clock.ms,
      onProblems: (found) => problems.push(found),
    });
    if (!created.ok) throw new Error(created.problems[0]?.message);
    const names = async () => [...(await created.users.current()).byName.keys()];
    return { clock, problems, names, created };
  }

  it('do not begin with a file that has problems', async () => {
    write('users: { alice: { password: x } }');
    expect(await createUsers({ file, now: () => 0, onProblems: () => undefined })).toMatchObject({
      ok: false,
    });
  });

  it('follow a rename, and a write in place, after a second', async () => {
    write(`users: { alice: { password: "${HASH}" } }`);
    const { clock, names, problems } = await start();
    writeFileSync(temp.at('new'), `users: { bob: { password: "${HASH}" } }`, { mode: 0o600 });
    renameSync(temp.at('new'), file);
    expect(await names()).toEqual(['alice']);
    clock.ms += 1000;
    expect(await names()).toEqual(['bob']);
    write(`users: { carol: { password: "${HASH}" } }`);
    clock.ms += 1000;
    expect(await names()).toEqual(['carol']);
    expect(problems).toEqual([]);
  });

  it('stay what they were while the file has problems, which are told once', async () => {
    write(`users: { alice: { password: "${HASH}" } }`);
    const { clock, names, problems } = await start();
    write('users: {{{');
    for (let look = 0; look < 3; look++) {
      clock.ms += 1000;
      expect(await names()).toEqual(['alice']);
    }
    expect(problems).toHaveLength(1);
    rmSync(file);
    for (let look = 0; look < 3; look++) {
      clock.ms += 1000;
      expect(await names()).toEqual(['alice']);
    }
    expect(problems).toHaveLength(2);
    expect(problems[1]).toEqual([
      expect.objectContaining({ message: expect.stringContaining('no such file') }),
    ]);
    write(`users: { bob: { password: "${HASH}" } }`);
    clock.ms += 1000;
    expect(await names()).toEqual(['bob']);
  });

  it('come to all who ask at the moment of a change', async () => {
    write(`users: { alice: { password: "${HASH}" } }`);
    const { clock, names } = await start();
    write('users: {}');
    clock.ms += 1000;
    expect(await Promise.all([names(), names(), names()])).toEqual([[], [], []]);
  });
});
