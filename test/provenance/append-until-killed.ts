/**
 * Pushes without a registry until it is killed: intends and concludes by several writers, and says each time what it was
 * told. A line is out before the next step, so whoever kills it knows at least what was acknowledged.
 */
import { randomInt } from 'node:crypto';
import { writeSync } from 'node:fs';
import { ANSWERED, anIntent, aRecorder, startLog } from './a-log.ts';

const TAGS = 8;
const folder = process.argv[2] ?? '';
try {
  const thread = await startLog(folder);
  const recorder = await aRecorder(thread);
  // What a killed one left is settled as "nothing came of it", since nothing was sent anywhere: but only by the test, in
  // the end. The tags of this run are its own.
  const run = Date.now().toString(36);
  await Promise.all(
    Array.from({ length: TAGS }, async () => {
      for (;;) {
        const tag = `run-${run}-${randomInt(TAGS)}`;
        await recorder.withLock('team/app', tag, async () => {
          const from = (await recorder.lastOf('team/app', tag))?.digest;
          const intent = anIntent({ tag, from });
          await recorder.intend(intent);
          writeSync(1, `intended ${intent.id}\n`);
          const { index } = await recorder.conclude(intent.id, ANSWERED);
          writeSync(1, `concluded ${intent.id} ${index}\n`);
        });
      }
    }),
  );
} catch (error) {
  writeSync(2, `${(error as { message: string }).message}\n`);
  process.exit(1);
}
