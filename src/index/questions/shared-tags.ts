/** Tags that more than one user or host moved. Plans. */
import { NAMES } from '../common/kinds.ts';
import { listOf, numberOf, type Plan, select } from '../common/plan.ts';

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

/** Who moved these tags, the latest of each first: at most `limit` users and as many hosts of each tag. */
export function* tagMovers({
  tags,
  limit,
}: {
  readonly tags: readonly number[];
  readonly limit: number;
}): Plan<readonly TagMover[]> {
  const rows = yield* select(
    `SELECT mover.tag, mover.kind, n.text AS name, mover.pushes FROM (
       SELECT tag, kind, who, pushes, last_idx, row_number() OVER (PARTITION BY tag, kind ORDER BY last_idx DESC) AS place
       FROM tag_by WHERE tag IN (${listOf(tags)})
     ) AS mover CROSS JOIN name n WHERE mover.place <= ? AND n.id = mover.who ORDER BY mover.tag, mover.last_idx DESC`,
    limit,
  );
  return rows.map(({ tag, kind, name, pushes }) => ({
    tag: numberOf(tag),
    kind: numberOf(kind) === NAMES.actor ? ('user' as const) : ('host' as const),
    name: String(name),
    pushes: numberOf(pushes),
  }));
}
