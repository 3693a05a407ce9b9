import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { formatVkey } from '../../src/tlog/vkey.ts';
import { run } from '../support/process.ts';
import { makeTemp } from '../support/temp.ts';
import { entriesOf, filesOf, KEY, noteOf, records, writeExport } from './an-export.ts';

const FOLDER = join(import.meta.dirname, '..', '..', 'contrib', 'verify');
const SCRIPT = join(FOLDER, 'verify_log.py');
const there = spawnSync('python3', ['-c', 'import cryptography']).status === 0;
const describeWhere = there ? describe : describe.skip;

describeWhere(`contrib/verify/verify_log.py${there ? '' : ' [needs python3 with cryptography]'}`, () => {
  const temp = makeTemp('python');
  const all = entriesOf(records(600));
  beforeAll(() => {
    writeExport(temp.path, all);
    writeFileSync(temp.at('older'), noteOf(all.slice(0, 300)));
    writeFileSync(temp.at('other'), noteOf([...all.slice(0, 299), Buffer.from('{}')]));
  });
  afterAll(() => temp.stop());

  const verify = (...older: string[]) => run('python3', [SCRIPT, formatVkey(KEY), temp.path, ...older], {});

  it('accepts a log of ours, and that it goes on from an older checkpoint', async () => {
    expect(await verify(temp.at('older'))).toMatchObject({ status: 0, stdout: 'good 600\n', stderr: '' });
  });

  it('refuses what does not go on from an older one, and an entry that was changed', async () => {
    expect((await verify(temp.at('other'))).stderr).toContain('does not go on from');
    const path = 'tile/entries/001';
    const bytes = Buffer.from(filesOf(all).get(path) as Uint8Array);
    bytes[500] = (bytes[500] as number) ^ 1;
    writeFileSync(temp.at(path), bytes);
    expect((await verify()).stderr).toContain('do not have the root that was signed');
    rmSync(temp.at(path));
    expect((await verify()).status).toBe(1);
  });
});

describeWhere(`contrib/verify/check_vectors.py${there ? '' : ' [needs python3 with cryptography]'}`, () => {
  const program = join(FOLDER, 'check_vectors.py');
  const temp = makeTemp('vectors');
  afterAll(() => temp.stop());

  it('works out the same vectors of seeds and entries alone, and says which one differs', async () => {
    expect(await run('python3', [program], {})).toMatchObject({ status: 0, stdout: 'good 15\n' });
    const given = JSON.parse(readFileSync(join(FOLDER, 'vectors.json'), 'utf8')) as Record<string, string>;
    writeFileSync(temp.at('other.json'), JSON.stringify({ ...given, 'Leaf hashes': 'f' }));
    const { status, stderr } = await run('python3', [program, temp.at('other.json')], {});
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: expect.stringContaining('Leaf hashes: expected'),
    });
  });
});
