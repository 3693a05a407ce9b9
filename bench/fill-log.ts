/** Fills a log much faster than a server would: without a thread, and without waiting for the disk. Byte for byte the same. */
import { leafOf, movedTag } from '../src/provenance/log-entry.ts';
import { openForWriting } from '../src/provenance/log-thread.ts';
import type { PushRecord } from '../src/provenance/record.ts';
import type { World } from './record-leaves.ts';

/** Records of one transaction. */
const GROUP = 20_000;
const CACHE_KIB = 1024 * 1024;

/**
 * Goes on from what is there, up to `size` entries. A fill that is cut off by a power cut leaves a file that is to be deleted.
 *
 * @returns seconds, and entries that were added.
 */
export function fillLog(
  folder: string,
  world: Pick<World, 'record'>,
  size: number,
  onProgress: (done: number) => void,
): { readonly seconds: number; readonly added: number } {
  const { db, lock } = openForWriting({ folder });
  try {
    db.exec(`PRAGMA synchronous=OFF; PRAGMA journal_mode=OFF; PRAGMA cache_size=-${CACHE_KIB}`);
    const head = db.prepare('SELECT size FROM head');
    const setHead = db.prepare('UPDATE head SET size = ?');
    const addEntry = db.prepare('INSERT INTO entry (idx, leaf) VALUES (?, ?)');
    const getTag = db.prepare('SELECT idx, digest FROM tag WHERE repo = ? AND tag = ?');
    const setTag = db.prepare('INSERT OR REPLACE INTO tag (repo, tag, idx, digest) VALUES (?, ?, ?, ?)');
    const before = Number(head.get()?.['size']);
    const began = performance.now();

    function add(index: number, record: PushRecord): void {
      if (record.type === 'manifest.deleted')
        throw new Error('a deletion by digest moves tags, which is not done here');
      const moved = movedTag(record);
      const last = moved && getTag.get(moved.repo, moved.tag);
      addEntry.run(index, leafOf(withFrom(record, last?.['digest']), last && Number(last['idx'])));
      if (moved) setTag.run(moved.repo, moved.tag, index, moved.digest ?? null);
    }

    for (let from = before; from < size; from += GROUP) {
      const end = Math.min(size, from + GROUP);
      db.exec('BEGIN');
      for (let n = from; n < end; n++) add(n, world.record(n));
      setHead.run(end);
      db.exec('COMMIT');
      onProgress(end);
    }
    db.exec('PRAGMA journal_mode=WAL');
    return { seconds: (performance.now() - began) / 1_000, added: Math.max(0, size - before) };
  } finally {
    db.close();
    lock.close();
  }
}

/** What the tag showed before, which a server looks up. */
export function withFrom(record: PushRecord, from: unknown): PushRecord {
  if (record.type !== 'push.accepted' || record.tag === undefined || typeof from !== 'string') return record;
  return { ...record, tag: { ...record.tag, from } };
}
