/** Tags that more than one user or host moved. Plans. */
import { NAMES } from './kinds.ts';
import { listOf, numberOf, type Plan, select } from './plan.ts';

export interface SharedTag {
  readonly id: number;
  readonly repository: string;
  readonly tag: string;
  /** How many different ones. */
  readonly users: number;
  readonly hosts: number;
  /** Index of its latest record. */
  readonly last: number;
}

/** Latest first, below index `before`. */
export function* sharedTags({
  before,
  limit,
}: {
  readonly before?: number;
  readonly limit: number;
}): Plan<readonly SharedTag[]> {
  const rows = yield* select(
    `SELECT tag.id, n.text AS repository, tag.name, tag.actors, tag.hosts, tag.last_idx FROM tag CROSS JOIN name n
     WHERE (tag.actors > 1 OR tag.hosts > 1) AND tag.last_idx < ? AND n.id = tag.repo ORDER BY tag.last_idx DESC LIMIT ?`,
    ...[before ?? Number.MAX_SAFE_INTEGER, limit],
  );
  return rows.map((row) => ({
    id: numberOf(row['id']),
    repository: String(row['repository']),
    tag: String(row['name']),
    users: numberOf(row['actors']),
    hosts: numberOf(row['hosts']),
    last: numberOf(row['last_idx']),
  }));
}

export interface TagMover {
  readonly tag: number;
  readonly kind: 'user' | 'host';
  readonly name: string;
  readonly pushes: number;
}

/** Who moved these tags, the latest of each first. */
export function* tagMovers({ tags }: { readonly tags: readonly number[] }): Plan<readonly TagMover[]> {
  const rows = yield* select(
    `SELECT b.tag, b.kind, n.text AS name, b.pushes FROM tag_by b CROSS JOIN name n
     WHERE b.tag IN (${listOf(tags)}) AND n.id = b.who ORDER BY b.tag, b.last_idx DESC`,
  );
  return rows.map(({ tag, kind, name, pushes }) => ({
    tag: numberOf(tag),
    kind: numberOf(kind) === NAMES.actor ? ('user' as const) : ('host' as const),
    name: String(name),
    pushes: numberOf(pushes),
  }));
}
