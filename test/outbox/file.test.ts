import {
  appendFileSync,
  mkdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createFileDestination } from '../../src/outbox/file.ts';
import { run } from '../support/process.ts';
import { makeTemp, type Temp } from '../support/temp.ts';
import { leafOf, outgoing } from './entries.ts';

const NEVER = new AbortController().signal;

describe('records in a file', () => {
  let temp: Temp;
  beforeEach(() => {
    temp = makeTemp('outbox-file');
  });
  afterEach(() => temp.stop());
  const lines = (): readonly string[] => readFileSync(temp.at('records'), 'utf8').split('\n').slice(0, -1);

  test('a line is the leaf with its index in front, and the file is not for others', async () => {
    const file = createFileDestination(temp.at('records'));
    await file.deliver([outgoing(0), outgoing(1)], NEVER);
    await file.close();
    expect(lines().map((line) => line.replace(/^\{"index":\d+,/, '{'))).toEqual([leafOf(0), leafOf(1)]);
    expect(statSync(temp.at('records')).mode & 0o007).toBe(0);
  });

  test('what was written before the cursor had moved is not written twice', async () => {
    const before = createFileDestination(temp.at('records'));
    await before.deliver([outgoing(0), outgoing(1)], NEVER);
    await before.close();
    const after = createFileDestination(temp.at('records'));
    await after.deliver([outgoing(0), outgoing(1), outgoing(2)], NEVER);
    await after.close();
    expect(lines().map((line) => (JSON.parse(line) as { index: number }).index)).toEqual([0, 1, 2]);
  });

  test('a line that a crash cut off is taken away and written whole', async () => {
    const before = createFileDestination(temp.at('records'));
    await before.deliver([outgoing(0)], NEVER);
    await before.close();
    appendFileSync(temp.at('records'), `{"index":1,${leafOf(1).slice(1, 40)}`);
    const after = createFileDestination(temp.at('records'));
    await after.deliver([outgoing(1)], NEVER);
    await after.close();
    expect(lines().map((line) => (JSON.parse(line) as { index: number }).index)).toEqual([0, 1]);
  });

  test('a file that was moved away is followed by a new one', async () => {
    const file = createFileDestination(temp.at('records'));
    await file.deliver([outgoing(0)], NEVER);
    renameSync(temp.at('records'), temp.at('records.1'));
    await file.deliver([outgoing(1)], NEVER);
    await file.close();
    expect(lines()).toHaveLength(1);
    expect(JSON.parse(lines()[0] ?? '')).toMatchObject({ index: 1 });
  });

  test('a link that somebody has put in its place is not followed, and nothing is cut off behind it', async () => {
    writeFileSync(temp.at('other'), 'somebody else’s, without a line end');
    symlinkSync(temp.at('other'), temp.at('records'));
    const file = createFileDestination(temp.at('records'));
    await expect(file.deliver([outgoing(0)], NEVER)).rejects.toThrow(
      'records cannot be written: it is a symbolic link; expected the path of the file itself',
    );
    await file.close();
    expect(readFileSync(temp.at('other'), 'utf8')).toBe('somebody else’s, without a line end');
  });

  test('a link that comes while records are written is not followed', async () => {
    const file = createFileDestination(temp.at('records'));
    await file.deliver([outgoing(0)], NEVER);
    renameSync(temp.at('records'), temp.at('other'));
    symlinkSync(temp.at('other'), temp.at('records'));
    await expect(file.deliver([outgoing(1)], NEVER)).rejects.toThrow('it is a symbolic link');
    await file.close();
  });

  test('a pipe is a sentence, and nobody waits for its other end', async () => {
    await run('mkfifo', [temp.at('records')]);
    const file = createFileDestination(temp.at('records'));
    const many = Array.from({ length: 128 }, (_, number) =>
      outgoing(number, { labels: { a: 'x'.repeat(2000) } }),
    );
    await expect(file.deliver(many, NEVER)).rejects.toThrow(
      'records cannot be written: it is no regular file',
    );
    await file.close();
  });

  test('a folder in its place is a sentence', async () => {
    mkdirSync(temp.at('records'));
    const file = createFileDestination(temp.at('records'));
    await expect(file.deliver([outgoing(0)], NEVER)).rejects.toThrow('it is a folder; expected a file');
    await file.close();
  });

  test('a folder that is missing is a sentence, and the next try goes on', async () => {
    const file = createFileDestination(temp.at('later', 'records'));
    await expect(file.deliver([outgoing(0)], NEVER)).rejects.toThrow('records cannot be written: ENOENT');
    writeFileSync(temp.at('none'), '');
    await file.close();
  });
});
