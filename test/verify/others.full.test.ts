import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { encodeBundle } from '../../src/tlog/bundle.ts';
import { partialTiles, tilePath } from '../../src/tlog/tile.ts';
import { leavesOf, makeFolder, until } from '../provenance/a-log.ts';
import { describeNeeding } from '../support/needs.ts';
import { must, run } from '../support/process.ts';
import {
  type Keys,
  makeKeys,
  type PublishedLog,
  startPublishedLog,
  vkeyOf,
} from '../transparency/a-published-log.ts';

const TIMEOUT_MS = 600_000;
/** Full tiles, a second level, and a partial one of each. */
const RECORDS = 700;

describeNeeding(['go'], 'a log of Warden is accepted by programs of others', () => {
  const temp = makeFolder();
  const at = (...parts: string[]): string => join(temp.path, ...parts);
  const keys: Keys = makeKeys();
  let log: PublishedLog;
  let size = 0;

  beforeAll(async () => {
    log = await startPublishedLog({ data: at('data'), lockFile: at('lock'), keys: [keys] });
    const append = async (count: number): Promise<void> => {
      const drafts = Array.from({ length: count }, (_, n) => ({
        type: 'policy.changed' as const,
        policy: { digest: `p${n}` },
      }));
      await Promise.all(drafts.map((draft) => log.recorder.append(draft)));
      const wanted = leavesOf(at('data')).length;
      // The publisher writes a record of its own before its first signature.
      await until(`${wanted} are signed`, () => {
        size = leavesOf(at('data')).length;
        return size >= wanted && log.publisher.state().signedSize === size;
      });
    };
    await append(10);
    copyFileSync(at('data', 'tlog', 'checkpoint'), at('older'));
    await append(RECORDS - size);
    await until('the bundles are sealed', () => readdirSync(at('data', 'tlog', 'tile')).includes('entries'));
    await until('both', () => readdirSync(at('data', 'tlog', 'tile', 'entries')).length === 2);
    exportTo(at('export'));
    mkdirSync(at('go'));
    copyFileSync(join(import.meta.dirname, 'go', 'main.go'), at('go', 'main.go'));
    writeFileSync(at('go', 'go.mod'), 'module build.invalid/verify\n\ngo 1.25\n');
    const go = { cwd: at('go'), env: { CGO_ENABLED: '0', GOWORK: 'off' }, timeoutMs: TIMEOUT_MS };
    await must('go', ['get', 'golang.org/x/mod@v0.41.0'], go);
    await must('go', ['build', '-o', at('verify'), '.'], go);
  }, TIMEOUT_MS);
  afterAll(async () => {
    await log?.stop();
    temp.remove();
  });

  /** The files as a plain web server would give them. */
  function exportTo(folder: string): void {
    const from = at('data', 'tlog');
    for (const name of readdirSync(from, { recursive: true, encoding: 'utf8' })) {
      if (!/^(?:checkpoint$|tile\/.*(?:\d|\.gz)$)/.test(name)) continue;
      const target = join(folder, name.replace(/\.gz$/, ''));
      mkdirSync(dirname(target), { recursive: true });
      try {
        const bytes = readFileSync(join(from, name));
        writeFileSync(target, name.endsWith('.gz') ? gunzipSync(bytes) : bytes);
      } catch (error) {
        // A folder of the tiles.
        if ((error as { code?: string }).code !== 'EISDIR') throw error;
      }
    }
    const [last] = partialTiles(size);
    if (last === undefined) return;
    const bundle = join(folder, tilePath({ ...last, level: 'entries' }));
    mkdirSync(dirname(bundle), { recursive: true });
    writeFileSync(bundle, encodeBundle(leavesOf(at('data')).slice(last.index * 256)));
  }

  const verify = (folder: string, vkey = vkeyOf(keys)) =>
    run(at('verify'), [vkey, folder, at('older')], { timeoutMs: TIMEOUT_MS });

  it('of golang.org/x/mod: its signature, each tile, each entry, and that it goes on from an older one', async () => {
    expect(await verify(at('export'))).toMatchObject({ status: 0, stdout: `good ${size}\n`, stderr: '' });
  });

  it('which refuse it under another key, and with one byte changed', async () => {
    expect((await verify(at('export'), vkeyOf(makeKeys()))).status).toBe(1);
    const file = at('export', 'tile', 'entries', '001');
    const bytes = readFileSync(file);
    bytes[500] = (bytes[500] as number) ^ 1;
    writeFileSync(file, bytes);
    expect((await verify(at('export'))).status).toBe(1);
  });
});
