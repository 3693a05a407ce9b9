/** Fills an empty log in PostgreSQL as an import does, with the records that writers would have made. */
import { leafOf, movedTag } from '../src/provenance/log-entry.ts';
import type { Postgres } from '../src/store/postgres.ts';
import { NOT_EMPTY } from '../src/transfer/log-target.ts';
import { openPostgresTarget } from '../src/transfer/postgres-target.ts';
import { withFrom } from './fill-log.ts';
import type { World } from './record-leaves.ts';

/** Entries of one statement. */
const GROUP = 2_000;

/** @returns seconds. @throws where the log has entries already. */
export async function fillPostgres(
  postgres: Postgres,
  world: World,
  size: number,
  onProgress: (done: number) => void,
): Promise<number> {
  const began = performance.now();
  const target = openPostgresTarget(postgres);
  if ((await target.begin('made for a measurement')) > 0) throw new Error(NOT_EMPTY);
  const tags = new Map<
    string,
    { readonly repo: string; readonly tag: string; index: number; digest: string | undefined }
  >();
  let writing: Promise<void> = Promise.resolve();
  for (let from = 0; from < size; from += GROUP) {
    const leaves: Uint8Array[] = [];
    for (let index = from; index < Math.min(size, from + GROUP); index++) {
      const record = world.record(index);
      const moved = movedTag(record);
      const key = moved && `${moved.repo}:${moved.tag}`;
      const last = key === undefined ? undefined : tags.get(key);
      leaves.push(leafOf(withFrom(record, last?.digest), last?.index));
      if (moved && key !== undefined) tags.set(key, { ...moved, index });
    }
    // The next ones are made while these are written.
    await writing;
    writing = target.add(from, leaves);
    onProgress(from + leaves.length);
  }
  await writing;
  await target.end(tags.values());
  return (performance.now() - began) / 1_000;
}
