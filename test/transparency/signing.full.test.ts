import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from '@jest/globals';
import { openCheckpoint } from '../../src/tlog/checkpoint.ts';
import { verifierKey } from '../../src/tlog/vkey.ts';
import { readSigningLock, writeSigningLock } from '../../src/transparency/signing-lock.ts';
import { another } from '../../src/transparency/standing.ts';
import { recordsOf, until } from '../provenance/a-log.ts';
import { makeKeys, ORIGIN, rootOfLog, vkeyOf } from './a-published-log.ts';
import { fill, folder, keys, places, published, signedAt, start, stop, tlog } from './set-up.ts';

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

  it('keeps a log from being signed that was put back beneath it, and had grown past it at the next look', async () => {
    const log = await start();
    await signedAt(log, 2);
    await log.recorder.append({ type: 'policy.changed', policy: { digest: 'a' } });
    await signedAt(log, 3);
    const last = readFileSync(tlog('checkpoint'), 'utf8');
    const db = new DatabaseSync(join(places.data, 'log.db'));
    db.exec('BEGIN IMMEDIATE; DELETE FROM entry WHERE idx >= 2');
    const add = db.prepare('INSERT INTO entry (idx, leaf) VALUES (?, ?)');
    for (let index = 2; index < 6; index++) add.run(index, Buffer.from(`{"other":${index}}`));
    db.exec('UPDATE head SET size = 6; COMMIT');
    db.close();
    await until('it is another', () => log.troubles.includes(another(3, ORIGIN)));
    expect(log.troubles[0]).toMatch(/^entry 2 of the log is another than a moment ago/);
    expect(readFileSync(tlog('checkpoint'), 'utf8')).toBe(last);
    expect(readSigningLock(places.lockFile)).toMatchObject({ current: { size: 3 } });
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
