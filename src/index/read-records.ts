/** Records by their indexes: neighbours in one reading. */
import type { LogReader } from '../provenance/log-store.ts';
import type { PushRecord } from '../provenance/record.ts';

/** Entries between two wanted ones that are read along rather than asked for apart. */
const GAP = 4;

/** @returns them in the order asked. @throws {Error} for an index that the log does not have. */
export async function readRecords(
  log: LogReader,
  indexes: readonly number[],
): Promise<readonly PushRecord[]> {
  const leaves = new Map<number, Uint8Array>();
  await Promise.all(
    runsOf(indexes).map(async ({ from, to }) => {
      for (const [at, leaf] of (await log.entries(from, to - from + 1)).entries())
        leaves.set(from + at, leaf);
    }),
  );
  return indexes.map((index) => {
    const leaf = leaves.get(index);
    if (leaf === undefined) throw new Error(`the push log has no entry ${index}`);
    return JSON.parse(Buffer.from(leaf).toString('utf8')) as PushRecord;
  });
}

function runsOf(indexes: readonly number[]): readonly { readonly from: number; readonly to: number }[] {
  const runs: { from: number; to: number }[] = [];
  for (const index of [...indexes].sort((one, other) => one - other)) {
    const run = runs.at(-1);
    if (run && index - run.to <= GAP) run.to = index;
    else runs.push({ from: index, to: index });
  }
  return runs;
}
