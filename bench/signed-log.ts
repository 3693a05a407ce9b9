/** A log signed by the publisher of the product, with a key of its own, in the folder of a measurement. */
import { generateKeyPairSync } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { LogReader } from '../src/provenance/log-store.ts';
import { systemClock } from '../src/store/clock.ts';
import { startThread } from '../src/store/thread.ts';
import { TILE_WIDTH } from '../src/tlog/tile.ts';
import { formatVkey, type VerifierKey, verifierKey } from '../src/tlog/vkey.ts';
import { fileLastSigned } from '../src/transparency/last-signed.ts';
import { type Publisher, startPublisher } from '../src/transparency/publisher.ts';
import type { TreeOptions } from '../src/transparency/tree-thread.ts';

export const ORIGIN = 'bench.example/push-log';

export interface SignedLog {
  readonly key: VerifierKey;
  readonly publisher: Publisher;
  /** Until a checkpoint of so many entries is signed. */
  signed(size: number): Promise<void>;
  /** Until their whole bundles are compressed files. */
  sealed(size: number): Promise<void>;
  close(): Promise<void>;
}

/** @param tiles the folder of the tiles. */
export async function signLog(reader: LogReader, tiles: string, lockFile: string): Promise<SignedLog> {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const key = verifierKey(ORIGIN, 0x01, publicKey);
  const thread = await startThread(new URL('../src/transparency/tree-thread', import.meta.url), {
    ...{ folder: tiles, lockFile, origin: ORIGIN },
    ...{ privateKeys: [privateKey], publicKeys: [publicKey] },
  } satisfies TreeOptions);
  const publisher = startPublisher({
    ...{ reader, thread, lastSigned: fileLastSigned(thread, lockFile) },
    ...{ clock: systemClock, everyMs: 50, origin: ORIGIN, key: formatVkey(key) },
    // The log that is measured stays as it is.
    append: async () => undefined,
    onTrouble: (why) => why !== undefined && process.stderr.write(`trouble: ${why}\n`),
  });
  return {
    ...{ key, publisher },
    signed: (size) => until(() => publisher.newest() !== undefined && publisher.state().signedSize >= size),
    sealed: (size) => until(() => sealedIn(tiles) >= Math.floor(size / TILE_WIDTH)),
    async close() {
      await publisher.close();
      await thread.close();
    },
  };
}

function sealedIn(tiles: string): number {
  const folder = join(tiles, 'tile', 'entries');
  if (!existsSync(folder)) return 0;
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.gz'))
    .length;
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await systemClock.sleep(100);
}
