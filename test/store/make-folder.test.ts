import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from '@jest/globals';
import { makeFolder } from '../../src/store/make-folder.ts';

const place = mkdtempSync(join(tmpdir(), 'warden-folder-'));
afterAll(() => rmSync(place, { recursive: true, force: true }));

it('makes what is missing, with its mode, and is content with what is there', () => {
  const folder = join(place, 'a', 'b');
  makeFolder(folder, 0o700);
  makeFolder(folder, 0o700);
  expect(statSync(folder).mode & 0o777).toBe(0o700);
});

it('ends also where the folder above takes none', () => {
  expect(() => makeFolder('/proc/nope/data', 0o700)).toThrow(expect.objectContaining({ code: 'ENOENT' }));
});

it('says so where a part of the path is a file', () => {
  writeFileSync(join(place, 'file'), '');
  expect(() => makeFolder(join(place, 'file', 'x'), 0o700)).toThrow(
    expect.objectContaining({ code: 'ENOTDIR' }),
  );
  expect(existsSync(join(place, 'file', 'x'))).toBe(false);
});
