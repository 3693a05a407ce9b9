import { createHash, randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { makeOffloadKeyFile } from '../../src/token/key-files.ts';
import { loadOffloadKey } from '../../src/token/offload-key.ts';
import { makeTemp, type Temp } from '../support/temp.ts';

let temp: Temp;
let file: string;
beforeEach(() => {
  temp = makeTemp('offload-key');
  file = temp.at('keys', 'offload.conf');
});
afterEach(() => temp.stop());

describe('the key of signed addresses', () => {
  it('is made as a line of nginx’s that nobody else reads, each time another, and never over one', async () => {
    await makeOffloadKeyFile(file);
    const text = readFileSync(file, 'utf8');
    expect(text).toMatch(/^set \$offload_key "[A-Za-z0-9_-]{43}";\n$/);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    await expect(makeOffloadKeyFile(file)).rejects.toMatchObject({ code: 'EEXIST' });
    await makeOffloadKeyFile(temp.at('other.conf'));
    expect(readFileSync(temp.at('other.conf'), 'utf8')).not.toBe(text);
    expect(loadOffloadKey(file)).toMatchObject({ ok: true, warnings: [] });
  });

  it('signs as the module secure_link does', () => {
    const secret = randomBytes(32).toString('base64url');
    mkdirSync(temp.at('keys'));
    writeFileSync(file, `set $offload_key ${secret};`, { mode: 0o600 });
    const loaded = loadOffloadKey(file);
    if (!loaded.ok) throw new Error(loaded.problems[0]?.message);
    const md5 = (text: string): string => createHash('md5').update(text).digest('base64url');
    expect(loaded.key.sign('/x/data', 1, '10.1.2.3')).toBe(md5(`1/x/data10.1.2.3 ${secret}`));
    expect(loaded.key.sign('/x/data', 1, undefined)).toBe(md5(`1/x/data ${secret}`));
    expect(JSON.stringify(loaded)).not.toContain(secret);
  });

  it.each([
    ['is not there', undefined, /cannot be read: there is no such file/],
    ['is short', 'set $offload_key "hunter2";', /at least 43 letters/],
    ['is bare', 'A'.repeat(43), /expected the one line `set \$offload_key/],
    ['is of another name', `set $key "${'A'.repeat(43)}";`, /expected the one line/],
    ['has more than one line', `set $offload_key "${'A'.repeat(43)}";\nreturn 200;`, /expected the one line/],
    [
      'has a character that nginx would read',
      `set $offload_key "${'A'.repeat(43)}$uri";`,
      /expected the one/,
    ],
  ])('is refused with one sentence where it %s', (_what, text, wanted) => {
    mkdirSync(temp.at('keys'));
    if (text !== undefined) writeFileSync(file, text, { mode: 0o600 });
    const loaded = loadOffloadKey(file);
    expect(loaded).toMatchObject({ ok: false, problems: [{ file, message: expect.stringMatching(wanted) }] });
    expect(JSON.stringify(loaded)).not.toMatch(/hunter2|AAAA/);
  });

  it('is warned of where others can read it', async () => {
    await makeOffloadKeyFile(file);
    chmodSync(file, 0o644);
    expect(loadOffloadKey(file)).toMatchObject({
      ok: true,
      warnings: [
        { file, message: expect.stringContaining('open to other users of this machine (mode 644)') },
      ],
    });
  });
});
