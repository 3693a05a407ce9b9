/** Writes records and has their tree signed, until it is killed. */
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { readFileSync, writeSync } from 'node:fs';
import { startPublishedLog } from './a-published-log.ts';

const [data = '', lockFile = '', keyFile = ''] = process.argv.slice(2);
const privateKey = createPrivateKey(readFileSync(keyFile));
const keys = [{ privateKey, publicKey: createPublicKey(privateKey) }];
try {
  const log = await startPublishedLog({ data, lockFile, keys });
  for (let n = 0; ; n++) {
    await Promise.all(
      Array.from({ length: 40 }, () =>
        log.recorder.append({ type: 'policy.changed', policy: { digest: `p${n}` } }),
      ),
    );
    const { trouble } = log.publisher.state();
    if (trouble !== undefined) throw new Error(trouble);
    if (n === 0) writeSync(1, 'going\n');
  }
} catch (error) {
  writeSync(2, `${(error as Error).message}\n`);
  process.exit(1);
}
