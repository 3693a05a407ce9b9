import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { verifierKey } from '../../src/tlog/vkey.ts';
import { exportLog } from '../../src/transfer/export-log.ts';
import { folderSource } from '../../src/verify/source.ts';
import { verifyLog } from '../../src/verify/verify-log.ts';
import { ORIGIN } from '../transparency/a-published-log.ts';
import { fill, folder, keys, signedAt, start, tlog } from '../transparency/set-up.ts';

it('an export of a log that grows meanwhile is good: its checkpoint is of its own entries', async () => {
  const log = await start();
  fill(300);
  await signedAt(log, 302);
  let grown = false;
  const to = join(folder.path, 'export');
  const exported = await exportLog({
    tree: tlog(),
    to,
    reader: {
      size: () => log.reader.size(),
      async entries(from, limit) {
        if (!grown) {
          grown = true;
          // The tile that was not full is full now, and its part gone.
          fill(300);
          await signedAt(log, 602);
        }
        return log.reader.entries(from, limit);
      },
    },
  });
  expect(exported.size).toBe(302);
  const found = await verifyLog({
    source: folderSource(to),
    policy: { logs: [verifierKey(ORIGIN, 1, keys.publicKey)], witnesses: [], quorum: () => true },
    ...{ older: [], skewMs: 0, meaning: false },
  });
  expect(found).toMatchObject({ ok: true, problems: [], tiles: 3, checkpoint: { size: 302 } });
});
