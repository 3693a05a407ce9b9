/** The leaves of a log whose records fit together, as the recorder writes them: each tag with what it was before. */
import { leafOf, movedTag } from '../src/provenance/log-entry.ts';
import type { PushRecord } from '../src/provenance/record.ts';
import { createWorld } from './record-leaves.ts';

/** The policy of all of them. */
const POLICY = `sha256:${'5'.repeat(64)}`;

export function* fittingLeaves(size: number): Generator<Uint8Array> {
  const world = createWorld(size);
  const last = new Map<string, { readonly index: number; readonly digest: string | undefined }>();
  for (let index = 0; index < size; index++) {
    const record = index === 1 ? inForce(world.record(1)) : world.record(index);
    const moved = movedTag(record);
    const key = moved && `${moved.repo} ${moved.tag}`;
    const before = key === undefined ? undefined : last.get(key);
    yield leafOf(fitting(record, before?.digest), before?.index);
    if (moved && key !== undefined) last.set(key, { index, digest: moved.digest });
    // Nothing in this world is deleted by its digest: tags are dropped one by one.
    if (record.type === 'manifest.deleted') throw new Error('a deletion of a manifest takes tags along');
  }
}

function inForce(record: PushRecord): PushRecord {
  const { v, id, time, proxy } = record;
  return { v, id, time, proxy, type: 'policy.changed', policy: { digest: POLICY } };
}

function fitting(record: PushRecord, from: string | undefined): PushRecord {
  const changed = structuredClone(record) as { tag?: { from?: string }; policy?: { digest?: string } };
  if (changed.policy?.digest !== undefined) changed.policy.digest = POLICY;
  if (changed.tag !== undefined && record.type !== 'tag.deleted' && from !== undefined)
    changed.tag.from = from;
  return changed as PushRecord;
}
