/** Where in the log a record stands, by its id alone. */
import type { LogReader } from '../provenance/log-store.ts';

export interface FoundEntry {
  readonly index: number;
  /** '' where it is of none. */
  readonly repository: string;
}

/** Ids are made a little before their record: at the intent, and clocks are set. */
const BEFORE = 256;
const BATCH = 1_024;
/** Records written while one push was under way are not more. */
const LOOK_LIMIT = 65_536;

interface Leaf {
  readonly id?: string;
  readonly time: string;
  readonly subject?: { readonly repo?: string };
}

/**
 * An id says when it was made (RFC 9562 section 5.7), and the log is in the order of time, so the place is near.
 *
 * @returns undefined where no record near that time has it.
 */
export async function findRecord(
  reader: Pick<LogReader, 'size' | 'entries'>,
  id: string,
): Promise<FoundEntry | undefined> {
  if (!/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(id)) return undefined;
  const made = Number.parseInt(id.replace('-', '').slice(0, 12), 16);
  const size = await reader.size();
  let [low, high] = [0, size];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const [leaf] = await reader.entries(middle, 1);
    if (leaf === undefined || Date.parse(parse(leaf).time) >= made) high = middle;
    else low = middle + 1;
  }
  const needle = Buffer.from(`"id":"${id}"`);
  const first = Math.max(0, low - BEFORE);
  for (let from = first; from < Math.min(size, first + LOOK_LIMIT); from += BATCH) {
    const leaves = await reader.entries(from, BATCH);
    for (const [at, leaf] of leaves.entries()) {
      if (!Buffer.from(leaf.buffer, leaf.byteOffset, leaf.byteLength).includes(needle)) continue;
      const record = parse(leaf);
      if (record.id === id) return { index: from + at, repository: record.subject?.repo ?? '' };
    }
  }
  return undefined;
}

function parse(leaf: Uint8Array): Leaf {
  return JSON.parse(Buffer.from(leaf).toString('utf8')) as Leaf;
}
