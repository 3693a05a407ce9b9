import { mkdirSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { makeTemp, type Temp } from '../support/temp.ts';
import { runCommand } from './run-command.ts';

let temp: Temp;
beforeEach(() => {
  temp = makeTemp('policy-versions');
  const registry = { url: 'http://127.0.0.1:1', keyFile: 'u.pem', certificateFile: 'u.crt' };
  const settings = {
    publicUrl: 'http://127.0.0.1:5000',
    registry,
    tokens: { keyFile: 't.pem' },
    data: 'data',
  };
  writeFileSync(temp.at('warden.yaml'), JSON.stringify(settings));
});
afterEach(() => temp.stop());

const run = (...args: string[]) => runCommand(temp.at('warden.yaml'), ['policy', ...args]);

describe('warden policy versions, where nothing was kept', () => {
  it('says so, and makes no file', async () => {
    expect(await run('versions')).toMatchObject({
      status: 0,
      out: [],
      err: ['no policy is kept yet: `warden serve` keeps each that it takes'],
    });
    expect((await run('versions', '--json')).out).toEqual(['{"items":[]}']);
    expect(await run('versions', '--show', 'abcdef0')).toMatchObject({
      status: 2,
      err: ['no policy with the digest abcdef0 was in force'],
    });
    expect(await run('explain', '--at', '2026-05-03', '--action', 'pull')).toMatchObject({
      status: 2,
      err: [expect.stringContaining('no policy is kept yet')],
    });
    expect(await run('explain', '--at', 'May', '--action', 'pull')).toMatchObject({
      status: 2,
      err: [expect.stringMatching(/^--at "May": expected a day such as 2026-05-03/)],
    });
  });

  it('names a file that is no history, and settings that are none', async () => {
    mkdirSync(temp.at('data'));
    writeFileSync(temp.at('data', 'policies.db'), 'this is no database, whatever its name says'.repeat(100));
    for (const args of [['versions'], ['explain', '--version', 'abcdef0', '--action', 'pull']]) {
      const { status, out, err } = await run(...args);
      expect({ status, out }).toEqual({ status: 3, out: [] });
      expect(err).toEqual([expect.stringMatching(/policies\.db: it is not a database$/)]);
    }
    expect(await run('versions', '--config', temp.at('none.yaml'))).toMatchObject({
      status: 2,
      err: [expect.stringContaining('none.yaml:1:1 cannot be read')],
    });
  });
});
