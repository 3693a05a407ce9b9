/** A real log with a real tree beside it, in a folder of its own. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { join } from 'node:path';
import type { LogReader } from '../../src/provenance/log-store.ts';
import type { Recorder } from '../../src/provenance/recorder.ts';
import { openSqliteLogReader } from '../../src/provenance/sqlite-log.ts';
import { systemClock } from '../../src/store/clock.ts';
import { startThread, type Thread } from '../../src/store/thread.ts';
import { createCompactRange } from '../../src/tlog/compact-range.ts';
import { leafHash } from '../../src/tlog/hashing.ts';
import { formatVkey, verifierKey } from '../../src/tlog/vkey.ts';
import { fileLastSigned } from '../../src/transparency/last-signed.ts';
import { type Publisher, startPublisher } from '../../src/transparency/publisher.ts';
import type { TreeOptions } from '../../src/transparency/tree-thread.ts';
import { aRecorder, leavesOf, startLog } from '../provenance/a-log.ts';

export const ORIGIN = 'registry.test/push-log';

export interface Keys {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

export function makeKeys(): Keys {
  return generateKeyPairSync('ed25519');
}

export function vkeyOf(keys: Keys, origin = ORIGIN): string {
  return formatVkey(verifierKey(origin, 0x01, keys.publicKey));
}

export interface PublishedLog {
  readonly recorder: Recorder;
  readonly reader: LogReader;
  readonly publisher: Publisher;
  readonly tree: Thread;
  readonly troubles: readonly (string | undefined)[];
  stop(): Promise<void>;
}

export interface LogPlaces {
  /** Of log.db; the tiles lie in its folder tlog. */
  readonly data: string;
  readonly lockFile: string;
  readonly origin?: string;
  /** The first signs before all. */
  readonly keys: readonly Keys[];
}

export function treeOptions({ data, lockFile, origin = ORIGIN, keys }: LogPlaces): TreeOptions {
  return {
    folder: join(data, 'tlog'),
    lockFile,
    origin,
    privateKeys: keys.map((key) => key.privateKey),
    publicKeys: keys.map((key) => key.publicKey),
  };
}

export function startTree(options: TreeOptions): Promise<Thread> {
  return startThread(new URL('../../src/transparency/tree-thread', import.meta.url), options);
}

export async function startPublishedLog(places: LogPlaces): Promise<PublishedLog> {
  const { data, origin = ORIGIN, keys } = places;
  const log = await startLog(data);
  const recorder = await aRecorder(log);
  const reader = await openSqliteLogReader({ folder: data });
  const tree = await startTree(treeOptions(places));
  const troubles: (string | undefined)[] = [];
  const publisher = startPublisher({
    reader,
    thread: tree,
    lastSigned: fileLastSigned(tree, places.lockFile),
    clock: systemClock,
    everyMs: 20,
    origin,
    key: vkeyOf(keys[0] as Keys, origin),
    append: recorder.append,
    onTrouble: (why) => troubles.push(why),
  });
  return {
    recorder,
    reader,
    publisher,
    tree,
    troubles,
    async stop() {
      await publisher.close();
      await tree.close();
      await reader.close();
      await recorder.close();
      await log.close();
    },
  };
}

/** The root over the first `size` leaves of a log, by its definition. */
export function rootOfLog(data: string, size: number): Uint8Array {
  const range = createCompactRange();
  for (const leaf of leavesOf(data).slice(0, size)) range.append(leafHash(leaf));
  return range.root();
}
