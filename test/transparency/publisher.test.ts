import { existsSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { decodeBundle } from '../../src/tlog/bundle.ts';
import { leafHash } from '../../src/tlog/hashing.ts';
import { verifyConsistency, verifyInclusion } from '../../src/tlog/verify-proofs.ts';
import { leavesOf, recordsOf, until } from '../provenance/a-log.ts';
import { ORIGIN, rootOfLog, vkeyOf } from './a-published-log.ts';
import { fill, keys, places, published, signedAt, start, stop, tlog } from './set-up.ts';

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
