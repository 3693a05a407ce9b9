import { cpSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { liveLog } from '../../src/cli/log-live.ts';
import { openSqliteLogReader } from '../../src/provenance/sqlite-log.ts';
import { verifierKey } from '../../src/tlog/vkey.ts';
import { verifyLog } from '../../src/verify/verify-log.ts';
import { ORIGIN } from '../transparency/a-published-log.ts';
import { folder, keys, places, published, signedAt, start, stop, tlog } from '../transparency/set-up.ts';

async function verified(kept = false): Promise<readonly string[]> {
  const { data, lockFile } = places;
  const reader = await openSqliteLogReader({ folder: data });
  try {
    const { source, older } = await liveLog({ data, transparency: { lockFile } }, reader, {
      database: undefined,
      given: kept,
    });
    const policy = { logs: [verifierKey(ORIGIN, 1, keys.publicKey)], witnesses: [], quorum: () => true };
    const found = await verifyLog({ source, policy, older, skewMs: 60_000, meaning: true });
    expect(found.ok).toBe(found.problems.length === 0);
    return found.problems.map(({ sentence }) => sentence);
  } finally {
    await reader.close();
  }
}

describe('a log that is verified where it lies', () => {
  it('is not whole when it was put back with its checkpoint, or when what was signed last is not there', async () => {
    const append = async (digest: string, size: number): Promise<void> => {
      const log = await start();
      await log.recorder.append({ type: 'policy.changed', policy: { digest } });
      await signedAt(log, size);
      expect(await verified()).toEqual([]);
      await stop();
    };
    await append('a', 3);
    expect(await verified()).toEqual([]);
    const backup = join(folder.path, 'backup');
    cpSync(places.data, backup, { recursive: true });
    await append('b', 4);
    const note = published().note;
    expect(note.text).toContain('\n4\n');
    // Signed, and not yet published.
    cpSync(join(backup, 'tlog', 'checkpoint'), tlog('checkpoint'));
    expect(await verified()).toEqual([]);

    rmSync(places.data, { recursive: true });
    cpSync(backup, places.data, { recursive: true });
    expect(await verified()).toEqual([
      `${places.lockFile} has 4 entries, and the log 3: entries that were signed are gone`,
    ]);
    rmSync(places.lockFile);
    await expect(verified()).rejects.toThrow('which says what was signed last, is missing');
    expect(await verified(true)).toEqual([]);
    writeFileSync(places.lockFile, '{}');
    await expect(verified()).rejects.toThrow('is not what Warden wrote of its last signature');
  });
});
