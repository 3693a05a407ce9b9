/** Instances of the recorder over one push log in PostgreSQL. */
import { canonicalBytes } from '../../src/provenance/canonical.ts';
import { postgresLogReader } from '../../src/provenance/postgres-reader.ts';
import { type PushIntent, type PushRecord, recordSchema } from '../../src/provenance/record.ts';
import { createRecorder, type Recorder } from '../../src/provenance/recorder.ts';
import { connectTo, type LogTimes, openLog } from '../support/postgres-log.ts';
import { ANSWERED, recorderOptions } from './a-log.ts';

export interface Instances {
  start(times?: Partial<LogTimes>): Promise<Recorder>;
  /** Ends one as a process does that is told to. */
  leave(recorder: Recorder): Promise<void>;
  /** All records, each of which must be canonical and of the schema. */
  records(): Promise<readonly PushRecord[]>;
  stop(): Promise<void>;
}

export const NOTHING_THERE = {
  settleMs: 0,
  lookTag: async () => undefined,
  lookDigest: async () => false,
  lookBlob: async () => false,
};

export function createInstances(address: string): Instances {
  const endings = new Map<Recorder, () => Promise<void>>();

  async function leave(recorder: Recorder): Promise<void> {
    const end = endings.get(recorder);
    endings.delete(recorder);
    await end?.();
  }

  return {
    leave,
    async start(times = {}) {
      const log = openLog(address, times);
      const recorder = await createRecorder({ ...recorderOptions(), store: log.store });
      endings.set(recorder, async () => {
        await recorder.close();
        await log.close();
      });
      return recorder;
    },
    async records() {
      const postgres = connectTo(address);
      const reader = postgresLogReader(postgres);
      // Somebody may write between two questions: then they are asked again.
      let [size, leaves] = [-1, [] as readonly Uint8Array[]];
      while (size !== (await reader.size())) {
        size = await reader.size();
        leaves = await reader.entries(0, 10_000);
      }
      await postgres.close();
      if (size !== leaves.length) throw new Error('the size is not the number of entries');
      return leaves.map((leaf) => {
        const record = recordSchema.parse(JSON.parse(Buffer.from(leaf).toString()));
        if (Buffer.compare(canonicalBytes(record), leaf) !== 0) throw new Error(`not canonical: ${leaf}`);
        return record;
      });
    },
    async stop() {
      for (const recorder of [...endings.keys()]) await leave(recorder);
    },
  };
}

export function push(recorder: Recorder, intent: PushIntent): Promise<{ readonly index: number }> {
  return recorder.withLock(intent.subject.repo, intent.tag?.name ?? intent.subject.digest, async () => {
    await recorder.intend(intent);
    return recorder.conclude(intent.id, ANSWERED);
  });
}
