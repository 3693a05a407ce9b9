/** What the fsck of Tessera, which shares nothing with Warden, says of a log that Warden serves. */
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { formatVkey, type VerifierKey } from '../../src/tlog/vkey.ts';
import { eventually } from '../gate/eventually.ts';
import type { Front, UserName } from '../gate/front.ts';
import { leavesOf } from '../provenance/a-log.ts';
import { goProgram } from '../support/go-program.ts';
import { TESSERA_FSCK } from '../support/go-programs.ts';
import { describeNeeding } from '../support/needs.ts';
import { type Result, run } from '../support/process.ts';
import { startSignedFront } from '../transparency/signed-front.ts';
import { entriesOf, records } from './an-export.ts';

const BUILD_MS = 900_000;
/** Two full bundles, which are sealed as files, a part of one, and two levels of tiles. */
const MORE = 600;

describeNeeding(['docker-registry', 'go'], 'a log that Warden serves, by the fsck of Tessera', () => {
  let front: Front;
  let key: VerifierKey;
  let program: string;
  const data = (): string => join(front.warden.folder, 'data');

  beforeAll(async () => {
    program = await goProgram(TESSERA_FSCK);
    ({ front, key } = await startSignedFront());
    const db = new DatabaseSync(join(data(), 'log.db'));
    const from = Number(db.prepare('SELECT size FROM head').get()?.['size']);
    const add = db.prepare('INSERT INTO entry (idx, leaf) VALUES (?, ?)');
    db.exec('BEGIN IMMEDIATE');
    for (const [at, leaf] of entriesOf(records(MORE)).entries()) add.run(from + at, leaf);
    db.prepare('UPDATE head SET size = ?').run(from + MORE);
    db.exec('COMMIT');
    db.close();
    await eventually(
      async () => Number((await asErin('/api/v1/log/checkpoint')).text.split('\n')[1]),
      (size) => size >= from + MORE,
    );
    const bundles = () => readdirSync(join(data(), 'tlog', 'tile', 'entries'));
    await eventually(bundles, (names) => names.length === 2);
  }, BUILD_MS);
  afterAll(() => front?.stop());

  const asErin = (path: string) =>
    front.ask({ path, basic: { user: 'erin', password: front.passwords.erin } });

  /** It ends with status 0 whatever it found, and says it. */
  async function fsck(user: UserName, vkey = formatVkey(key)): Promise<string> {
    const file = join(front.warden.folder, 'fsck.key');
    writeFileSync(file, vkey);
    const token = await front.token({ user, service: `${front.service}/api` });
    const checked: Result = await run(program, [
      ...['--ui=false', '--storage_url', `${front.warden.url}/api/v1/log/`, '--public_key', file],
      ...['--bearer_token', token, '--N', '4', '--logtostderr'],
    ]);
    return checked.stdout + checked.stderr;
  }

  it('is whole: its checkpoint, every tile and every entry, over HTTP with a token', async () => {
    const size = leavesOf(data()).length;
    expect(size).toBeGreaterThan(MORE);
    const said = await fsck('erin');
    expect(said).toContain(`Successfully fsck'd log with size ${size} `);
    expect(said).not.toContain('fsck failed');
  });

  it('is not whole under another key, nor for who may not read every record', async () => {
    const other = formatVkey({ ...key, name: 'registry.test/other' });
    expect(await fsck('erin', other)).toMatch(/failed to fetch and verify checkpoint|Invalid verifier/);
    const said = await fsck('carol');
    expect(said).toMatch(/fsck failed.*403/);
    expect(said).not.toContain('Successfully');
  });

  it('shows an entry that was altered, and a tile', async () => {
    const db = new DatabaseSync(join(data(), 'log.db'));
    const last = leavesOf(data()).length - 1;
    const before = db.prepare('SELECT leaf FROM entry WHERE idx = ?').get(last)?.['leaf'] as Uint8Array;
    const altered = Buffer.from(before);
    altered[20] = (altered[20] as number) ^ 1;
    db.prepare('UPDATE entry SET leaf = ? WHERE idx = ?').run(altered, last);
    expect(await fsck('erin')).toMatch(/fsck failed/);
    db.prepare('UPDATE entry SET leaf = ? WHERE idx = ?').run(before, last);
    db.close();
    expect(await fsck('erin')).toContain("Successfully fsck'd");
    writeFileSync(join(data(), 'tlog', 'tile', '0', '001'), Buffer.alloc(256 * 32, 7));
    expect(await fsck('erin')).toMatch(/fsck failed/);
  });
});
