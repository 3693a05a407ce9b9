import { createPublicKey } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from '@jest/globals';
import { verifierKey } from '../../src/tlog/vkey.ts';
import { dataSource } from '../../src/verify/source.ts';
import { verifyLog } from '../../src/verify/verify-log.ts';
import { leavesOf, makeFolder, until } from '../provenance/a-log.ts';
import { startChild } from '../support/process.ts';
import { makeKeys, ORIGIN, startPublishedLog } from './a-published-log.ts';

const KILLS = 25;
/** Milliseconds between the first records and the kill, at most. */
const LONGEST_RUN = 700;
const SCRIPT = join(import.meta.dirname, 'publish-until-killed.ts');

it('a tree that is killed at any moment goes on, and every checkpoint that ever was is one of its beginnings', async () => {
  const temp = makeFolder();
  const keys = makeKeys();
  const [data, lockFile, keyFile] = ['data', 'lock', 'key.pem'].map((name) => join(temp.path, name)) as [
    string,
    string,
    string,
  ];
  writeFileSync(keyFile, keys.privateKey.export({ format: 'pem', type: 'pkcs8' }));
  const seen = new Map<string, string>();
  try {
    for (let kill = 0; kill < KILLS; kill++) {
      const child = await startChild(process.execPath, [SCRIPT, data, lockFile, keyFile], {});
      await until('it writes, or says why not', () => child.output().includes('going') || child.hasEnded());
      // It must have found everything in order again.
      expect(child.hasEnded() ? child.tail() : '').toBe('');
      await sleep(Math.random() * LONGEST_RUN);
      child.signal('SIGKILL');
      await child.ended;
      try {
        seen.set(`after ${kill}`, readFileSync(join(data, 'tlog', 'checkpoint'), 'utf8'));
      } catch {
        // Killed before the first signature.
      }
    }
    const log = await startPublishedLog({ data, lockFile, keys: [keys] });
    const size = leavesOf(data).length;
    await until(
      'all is signed',
      () => log.publisher.newest() !== undefined && log.publisher.state().signedSize >= size,
    );
    expect(log.troubles).toEqual([]);
    await log.stop();
    expect(seen.size).toBeGreaterThan(KILLS / 2);
    const key = verifierKey(ORIGIN, 0x01, createPublicKey(keys.privateKey));
    const found = await verifyLog({
      source: dataSource(data, join(data, 'tlog')),
      policy: { logs: [key], witnesses: [], quorum: () => true },
      older: [...seen].map(([name, note]) => ({ name, note })),
      skewMs: 60_000,
      meaning: true,
    });
    expect(found).toMatchObject({ ok: true, problems: [] });
    expect(found.tiles).toBeGreaterThan(2);
  } finally {
    temp.remove();
  }
}, 300_000);
