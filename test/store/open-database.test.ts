import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, describe, expect, it } from '@jest/globals';
import { type DatabaseOptions, openDatabase } from '../../src/store/open-database.ts';

const folder = mkdtempSync(join(tmpdir(), 'warden-store-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function options(file: string, changes: Partial<DatabaseOptions> = {}): DatabaseOptions {
  return {
    file: join(folder, file),
    called: 'the notes',
    version: 1,
    schema: 'CREATE TABLE note (text TEXT)',
    synchronous: 'FULL',
    pageSize: 8192,
    timeoutMs: 100,
    ...changes,
  };
}

describe('a database file', () => {
  it('is made with its folder, for its owner alone', () => {
    const db = openDatabase(options('new/deep/a.db'));
    db.exec("INSERT INTO note VALUES ('x')");
    for (const name of ['a.db', 'a.db-wal', 'a.db-shm']) {
      expect(statSync(join(folder, 'new/deep', name)).mode & 0o777).toBe(0o600);
    }
    expect(statSync(join(folder, 'new/deep')).mode & 0o777).toBe(0o700);
    expect(db.prepare('PRAGMA page_size').get()).toEqual({ page_size: 8192 });
    expect(db.prepare('PRAGMA synchronous').get()).toEqual({ synchronous: 2 });
    db.close();
  });

  it('is opened again, also to be read only', () => {
    openDatabase(options('again.db')).close();
    const db = openDatabase(options('again.db', { readOnly: true }));
    expect(() => db.exec("INSERT INTO note VALUES ('x')")).toThrow('readonly');
    db.close();
    openDatabase(options('again.db')).close();
  });

  it('of an earlier release is moved forward, step by step and as a whole', () => {
    const file = 'older.db';
    const first = openDatabase(options(file));
    first.exec("INSERT INTO note VALUES ('x')");
    first.close();
    const third = {
      version: 3,
      schema: 'CREATE TABLE note (text TEXT, b TEXT, c TEXT)',
      migrations: {
        1: "ALTER TABLE note ADD COLUMN b TEXT DEFAULT 'two'",
        2: 'ALTER TABLE note ADD COLUMN c TEXT',
      },
    };
    expect(() => openDatabase(options(file, { ...third, readOnly: true }))).toThrow(
      'it has schema version 1, this release knows version 3: start warden serve of this release once',
    );
    const broken = { ...third, migrations: { ...third.migrations, 2: 'ALTER TABLE note ADD COLUMN' } };
    expect(() => openDatabase(options(file, broken))).toThrow('incomplete input');
    openDatabase(options(file)).close();
    const moved = openDatabase(options(file, third));
    expect(moved.prepare('SELECT * FROM note').get()).toEqual({ text: 'x', b: 'two', c: null });
    moved.close();
    expect(() => openDatabase(options(file))).toThrow('schema version 3, this release knows version 1');
  });

  it.each<[string, () => DatabaseOptions, string]>([
    ['that is missing, to be read', () => options('none.db', { readOnly: true }), 'there is no such file'],
    [
      'that is no database',
      () => {
        writeFileSync(join(folder, 'text.db'), 'no database at all, but long enough to look at'.repeat(20));
        return options('text.db');
      },
      'it is not a database',
    ],
    [
      'of a later release',
      () => {
        openDatabase(options('later.db', { version: 7 })).close();
        return options('later.db');
      },
      'schema version 7, this release knows version 1',
    ],
    [
      'of another program',
      () => {
        const db = new DatabaseSync(join(folder, 'foreign.db'));
        db.exec('CREATE TABLE t (x)');
        db.close();
        return options('foreign.db');
      },
      'not the notes of Registry Warden',
    ],
    [
      'that is a folder',
      () => {
        mkdirSync(join(folder, 'folder.db'));
        return options('folder.db');
      },
      'it cannot be opened',
    ],
    [
      'below a file',
      () => {
        writeFileSync(join(folder, 'file'), '');
        return options('file/a.db');
      },
      'a part of its path is not a folder',
    ],
  ])('%s is refused in one sentence that names it', (_what, make, sentence) => {
    const wanted = make();
    let message = '';
    try {
      openDatabase(wanted).close();
    } catch (error) {
      ({ message } = error as { message: string });
    }
    expect(message).toContain(sentence);
    expect(message).toContain(`the notes ${wanted.file}`);
  });
});
