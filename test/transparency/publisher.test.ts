import { cpSync, existsSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { decodeBundle } from '../../src/tlog/bundle.ts';
import { openCheckpoint } from '../../src/tlog/checkpoint.ts';
import { leafHash } from '../../src/tlog/hashing.ts';
import { verifyConsistency, verifyInclusion } from '../../src/tlog/verify-proofs.ts';
import { verifierKey } from '../../src/tlog/vkey.ts';
import { readSigningLock, writeSigningLock } from '../../src/transparency/signing-lock.ts';
import { leavesOf, makeFolder, recordsOf, until } from '../provenance/a-log.ts';
import {
  type Keys,
  type LogPlaces,
  makeKeys,
  ORIGIN,
  type PublishedLog,
  rootOfLog,
  startPublishedLog,
  vkeyOf,
} from './a-published-log.ts';

let folder: ReturnType<typeof makeFolder>;
let places: LogPlaces;
let keys: Keys;
let running: PublishedLog | undefined;

beforeEach(() => {
  folder = makeFolder();
  keys = makeKeys();
  places = { data: join(folder.path, 'data'), lockFile: join(folder.path, 'checkpoint.lock'), keys: [keys] };
});
afterEach(async () => {
  await stop();
  folder.remove();
});

async function start(changes: Partial<LogPlaces> = {}): Promise<PublishedLog> {
  running = await startPublishedLog({ ...places, ...changes });
  return running;
}

async function stop(): Promise<void> {
  await running?.stop();
  running = undefined;
}

const tlog = (...parts: string[]): string => join(places.data, 'tlog', ...parts);

/** Fills the log with small records, many in one transaction, as a writer of long ago. */
function fill(count: number, from = leavesOf(places.data).length): void {
  const db = new DatabaseSync(join(places.data, 'log.db'));
  const add = db.prepare('INSERT INTO entry (idx, leaf) VALUES (?, ?)');
  db.exec('BEGIN IMMEDIATE');
  for (let index = from; index < from + count; index++) {
    add.run(index, Buffer.from(JSON.stringify({ type: 'made.up', index })));
  }
  db.prepare('UPDATE head SET size = ?').run(from + count);
  db.exec('COMMIT');
  db.close();
}

async function signedAt({ publisher }: PublishedLog, size: number): Promise<void> {
  await until(`${size} entries are signed`, () => publisher.state().signedSize >= size);
}

function published(...logs: Keys[]) {
  const own = (logs.length === 0 ? [keys] : logs).map((one) => verifierKey(ORIGIN, 1, one.publicKey));
  const opened = openCheckpoint(readFileSync(tlog('checkpoint')), own);
  if (!opened.ok) throw new Error(opened.reason);
  return opened;
}

describe('the published tree', () => {
  it('is signed as soon as there are records, and proves each of them', async () => {
    const log = await start();
    await log.recorder.append({ type: 'policy.changed', policy: { digest: 'a' } });
    await signedAt(log, 3);
    const { checkpoint } = published();
    expect(checkpoint).toEqual({ origin: ORIGIN, size: 3, root: rootOfLog(places.data, 3) });
    const opening = recordsOf(places.data)[2];
    expect(opening).toMatchObject({ type: 'log.opened', log: { origin: ORIGIN, key: vkeyOf(keys) } });
    for (const [index, leaf] of leavesOf(places.data).entries()) {
      const proof = await log.publisher.inclusion(index, 3);
      expect(verifyInclusion({ index, size: 3, leaf: leafHash(leaf), proof, root: checkpoint.root }).ok).toBe(
        true,
      );
    }
  });

  it('has full tiles, partial ones and sealed bundles, after starts and stops', async () => {
    let log = await start();
    await signedAt(log, 2);
    await stop();
    fill(598);
    log = await start();
    await signedAt(log, 600);
    await until('two bundles are sealed', () => existsSync(tlog('tile', 'entries', '001.gz')));
    const sealed = decodeBundle(gunzipSync(readFileSync(tlog('tile', 'entries', '001.gz'))), 256);
    if (!sealed.ok) throw new Error(sealed.reason);
    expect(sealed.entries.map((one) => Buffer.from(one).toString())).toEqual(
      leavesOf(places.data)
        .slice(256, 512)
        .map((leaf) => Buffer.from(leaf).toString()),
    );
    expect(readdirSync(tlog('tile', '0')).sort()).toEqual(['000', '001', '002.p']);
    expect(readdirSync(tlog('tile', '1', '000.p'))).toEqual(['2']);
    const [oldRoot, newRoot] = [rootOfLog(places.data, 2), published().checkpoint.root];
    const proof = await log.publisher.consistency(2, 600);
    expect(verifyConsistency({ from: 2, to: 600, proof, oldRoot, newRoot })).toEqual({ ok: true });
    await stop();
    fill(1);
    log = await start();
    await signedAt(log, 601);
    expect(published().checkpoint.root).toEqual(rootOfLog(places.data, 601));
    expect(log.troubles).toEqual([]);
  });

  it('makes tiles again that are missing or damaged, before anything is signed or proved by them', async () => {
    let log = await start();
    await signedAt(log, 2);
    await stop();
    fill(700);
    log = await start();
    await signedAt(log, 702);
    await stop();
    truncateSync(tlog('tile', '0', '002.p', '190'), 100);
    rmSync(tlog('state.json'));
    log = await start();
    await signedAt(log, 702);
    expect(published().checkpoint.root).toEqual(rootOfLog(places.data, 702));
    const tile = readFileSync(tlog('tile', '0', '000'));
    tile[40] = (tile[40] as number) ^ 1;
    writeFileSync(tlog('tile', '0', '000'), tile);
    await expect(log.publisher.inclusion(3, 700)).rejects.toThrow(/do not fit their tree/);
    await until('the tiles are whole', async () =>
      log.publisher.inclusion(3, 700).then(
        () => true,
        () => false,
      ),
    );
  });
});

describe('what was signed', () => {
  it('keeps an older log from being signed, as after restoring a backup', async () => {
    let log = await start();
    await signedAt(log, 2);
    await stop();
    cpSync(places.data, join(folder.path, 'backup'), { recursive: true });
    log = await start();
    await log.recorder.append({ type: 'policy.changed', policy: { digest: 'a' } });
    await signedAt(log, 3);
    await stop();
    const last = readFileSync(tlog('checkpoint'), 'utf8');
    rmSync(places.data, { recursive: true });
    cpSync(join(folder.path, 'backup'), places.data, { recursive: true });

    log = await start();
    await until('it is refused', () => log.troubles.length > 0);
    expect(log.troubles[0]).toMatch(
      /^the log has 2 entries, and 3 were signed for registry\.test\/push-log: it is older/,
    );
    // Grown past what was signed, it is another log.
    await log.recorder.append({ type: 'policy.changed', policy: { digest: 'b' } });
    await log.recorder.append({ type: 'policy.changed', policy: { digest: 'c' } });
    await until('it is another', () =>
      log.troubles.some((why) => why?.includes('are not those that were signed')),
    );
    expect(readFileSync(tlog('checkpoint'), 'utf8')).not.toContain('\n4\n');
    await stop();

    // The operator opens a new origin.
    const lock = readSigningLock(places.lockFile);
    if (lock === undefined) throw new Error('no lock');
    const next = 'registry.test/push-log-2';
    writeSigningLock(places.lockFile, { ...lock, next });
    log = await start({ origin: next });
    await signedAt(log, 5);
    const opened = openCheckpoint(readFileSync(tlog('checkpoint')), [verifierKey(next, 1, keys.publicKey)]);
    expect(opened).toMatchObject({ ok: true, checkpoint: { size: 5, root: rootOfLog(places.data, 5) } });
    expect(recordsOf(places.data)[4]).toMatchObject({
      type: 'log.opened',
      log: { origin: next, previous: last },
    });
    expect(readSigningLock(places.lockFile)).toMatchObject({ current: { origin: next }, former: [last] });
  });

  it.each<[string, (file: string) => void, RegExp]>([
    ['is missing', (file) => rmSync(file), /a checkpoint was signed .* is missing/],
    ['cannot be read', (file) => writeFileSync(file, '{"version":2}'), /is not what Warden wrote/],
    [
      'is of another origin',
      (file) => {
        const lock = readSigningLock(file);
        if (lock) writeSigningLock(file, { ...lock, current: { ...lock.current, origin: 'other.test/log' } });
      },
      /other\.test\/log was signed before/,
    ],
    [
      'has another root',
      (file) => {
        const lock = readSigningLock(file);
        const root = Buffer.alloc(32, 7).toString('base64');
        if (lock) writeSigningLock(file, { ...lock, current: { ...lock.current, root } });
      },
      /are not those that were signed/,
    ],
  ])('stops the signing where its file %s', async (_, change, wanted) => {
    let log = await start();
    await signedAt(log, 2);
    await stop();
    change(places.lockFile);
    const before = readFileSync(tlog('checkpoint'), 'utf8');
    log = await start();
    await until('it is refused', () => log.troubles.length > 0);
    expect(log.troubles[0]).toMatch(wanted);
    // The record goes on all the same.
    await log.recorder.append({ type: 'policy.changed', policy: { digest: 'a' } });
    await stop();
    expect(readFileSync(tlog('checkpoint'), 'utf8')).toBe(before);
  });

  it('is asked for also where neither it nor the tiles came along with the log', async () => {
    let log = await start();
    await signedAt(log, 2);
    await stop();
    rmSync(places.lockFile);
    rmSync(tlog(), { recursive: true });
    log = await start();
    await until('it is refused', () => log.troubles.length > 0);
    expect(log.troubles[0]).toMatch(/the log says that registry\.test\/push-log was signed before/);
    expect(existsSync(tlog('checkpoint'))).toBe(false);
  });

  it('is never followed by an altered entry without a sentence', async () => {
    let log = await start();
    await signedAt(log, 2);
    await stop();
    fill(300);
    log = await start();
    await signedAt(log, 302);
    await stop();
    rmSync(tlog('tile', 'entries'), { recursive: true, force: true });
    const db = new DatabaseSync(join(places.data, 'log.db'));
    db.prepare('UPDATE entry SET leaf = ? WHERE idx = 17').run(Buffer.from('{"type":"forged"}'));
    db.close();
    log = await start();
    await until('it is told', () => log.troubles.length > 0);
    expect(log.troubles[0]).toBe('entry 17 of the log is not the one that was signed: see warden log verify');
  });
});

describe('a new key', () => {
  it('is on record, and both sign while both are given', async () => {
    let log = await start();
    await signedAt(log, 2);
    await stop();
    const newer = makeKeys();
    log = await start({ keys: [newer, keys] });
    await signedAt(log, 3);
    expect(recordsOf(places.data)[2]).toMatchObject({
      type: 'key.changed',
      key: { use: 'log', change: 'signs', kid: vkeyOf(newer), from: vkeyOf(keys) },
    });
    expect(published(keys).checkpoint.size).toBe(3);
    expect(published(newer).signed).toHaveLength(1);
    expect(published(newer, keys).signed).toHaveLength(2);
    await stop();
    log = await start({ keys: [newer] });
    await until('it is signed again', () => log.publisher.newest() !== undefined);
    expect(published(newer).checkpoint.size).toBe(3);
    expect(recordsOf(places.data)).toHaveLength(3);
    expect(() => published(keys)).toThrow(/none of the keys/);
  });
});
