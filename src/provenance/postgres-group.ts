/**
 * One group of writes of the push log as one transaction in PostgreSQL, under the lock of the head row: so there is one
 * order of records whoever writes, without a gap.
 *
 * What the group needs is read with one statement, its records are made here, and all is written with one more. Nothing
 * is written twice: an id that is there already answers what is there, so a group whose COMMIT was not answered can be
 * run again. The lock makes the second run wait until the first is decided.
 */
import type { Outcome } from '../store/batches.ts';
import type { Ask, LocalSettings } from '../store/postgres.ts';
import { droppedDigest, leafOf, movedTag } from './log-entry.ts';
import type { Concluded, Ending, Held, LastOfTag, OpenIntent } from './log-store.ts';
import { holdsRepository, type Intent, type PushRecord, type RecordType } from './record.ts';
import { RecordBusy } from './record-errors.ts';

export type Write =
  | { readonly does: 'intend'; readonly intent: OpenIntent }
  /** Takes back an intent that nobody was told of, and nobody acted on. */
  | { readonly does: 'withdraw'; readonly id: string }
  | { readonly does: 'conclude'; readonly id: string; readonly ending: Ending }
  /** `under`: only while this is held. */
  | { readonly does: 'append'; readonly record: PushRecord; readonly under?: Held | undefined }
  | { readonly does: 'begin'; readonly record: PushRecord }
  | { readonly does: 'probe' };

export type Written = Concluded | boolean | undefined;

interface Known {
  size: number;
  readonly alive: boolean;
  readonly entries: Map<string, Concluded>;
  readonly intents: Map<string, KnownIntent>;
  readonly taken: Set<string>;
  readonly tags: Map<string, LastOfTag>;
  readonly held: Set<string>;
}

interface KnownIntent {
  readonly repo: string;
  readonly reference: string;
  readonly body: Intent;
  /** Whether it is this instance's still. */
  readonly mine: boolean;
}

/** What is to be written in the end. */
interface Changes {
  readonly ended: string[];
  readonly intents: OpenIntent[];
  readonly leaves: { readonly index: number; readonly id: string; readonly leaf: Uint8Array }[];
  readonly tags: Map<string, LastOfTag>;
}

/** Names hold no blank. */
const keyOf = (repo: string, name: string): string => `${repo} ${name}`;

/**
 * Settings of a group's transaction. Its statements are planned once for a connection, when the tables may still be empty:
 * each row that they need has a key, and is found by it however many there are later.
 */
export const GROUP_PLANNING: LocalSettings = {
  enable_seqscan: 'off',
  enable_hashjoin: 'off',
  enable_mergejoin: 'off',
  // What is so made expensive would be compiled each time.
  jit: 'off',
};

/** @param me the id of this instance's lease. @throws {StoreError} with nothing written; see `Postgres.transaction`. */
export async function writeGroup(
  ask: Ask,
  me: string,
  writes: readonly Write[],
): Promise<readonly Outcome<Written>[]> {
  const known = await readKnown(ask, me, writes);
  const changes: Changes = { ended: [], intents: [], leaves: [], tags: new Map() };
  const outcomes = writes.map((write): Outcome<Written> => {
    try {
      return { value: applyWrite(write, known, changes) };
    } catch (error) {
      return { error };
    }
  });
  await store(ask, me, known.size, changes);
  return outcomes;
}

function applyWrite(write: Write, known: Known, changes: Changes): Written {
  switch (write.does) {
    case 'probe':
      return undefined;
    case 'begin':
      if (known.size === 0) add(write.record, known, changes);
      return undefined;
    case 'append': {
      const there = known.entries.get(write.record.id);
      if (there) return there;
      const { under } = write;
      if (under && !isHeld(known, under)) throw new RecordBusy(under.repo, under.reference);
      return add(write.record, known, changes);
    }
    case 'intend':
      return intend(write.intent, known, changes);
    case 'withdraw':
      if (known.intents.get(write.id)?.mine) changes.ended.push(write.id);
      return undefined;
    case 'conclude': {
      const there = known.entries.get(write.id);
      if (there) return there;
      const intent = known.intents.get(write.id);
      if (!intent) throw new Error(`there is no open intent ${write.id}`);
      known.intents.delete(write.id);
      known.taken.delete(keyOf(intent.repo, intent.reference));
      changes.ended.push(write.id);
      // The outcome is one of the intent's kind, so together they are one record of the union.
      return add({ ...intent.body, ...write.ending } as PushRecord, known, changes);
    }
  }
}

/** @returns false where the instance was taken for dead meanwhile, does not hold the reference, or another intent is open there. */
function intend(intent: OpenIntent, known: Known, changes: Changes): boolean {
  const there = known.intents.get(intent.id);
  if (there) return there.mine;
  const key = keyOf(intent.repo, intent.reference);
  if (!isHeld(known, intent) || known.taken.has(key)) return false;
  known.taken.add(key);
  known.intents.set(intent.id, { ...intent, mine: true });
  changes.intents.push(intent);
  return true;
}

function isHeld({ alive, held }: Known, { repo, reference }: Held): boolean {
  return alive && (held.has(keyOf(repo, reference)) || held.has(keyOf(repo, '')));
}

function add(record: PushRecord, known: Known, changes: Changes): Concluded {
  const index = known.size;
  const moved = movedTag(record);
  const leaf = leafOf(record, moved && known.tags.get(keyOf(moved.repo, moved.tag))?.index);
  const concluded = { index, type: record.type };
  changes.leaves.push({ index, id: record.id, leaf });
  known.entries.set(record.id, concluded);
  known.size++;
  function move(key: string, digest: string | undefined): void {
    const last = { index, ...(digest === undefined ? {} : { digest }) };
    known.tags.set(key, last);
    changes.tags.set(key, last);
  }
  if (moved) move(keyOf(moved.repo, moved.tag), moved.digest);
  const dropped = droppedDigest(record);
  if (dropped) {
    for (const [key, { digest }] of [...known.tags]) {
      if (digest === dropped.digest && key.startsWith(`${dropped.repo} `)) move(key, undefined);
    }
  }
  return concluded;
}

async function readKnown(ask: Ask, me: string, writes: readonly Write[]): Promise<Known> {
  const [head] = await ask<{ size: string }>('SELECT size FROM warden.head FOR UPDATE', [], 'log.head');
  const ids = writes.flatMap((write) => idOf(write) ?? []);
  const records = writes.flatMap((write) => ('record' in write ? [write.record] : []));
  const tags = records.flatMap((record) => movedTag(record) ?? []);
  const dropped = records.flatMap((record) => droppedDigest(record) ?? []);
  const places = writes.flatMap((write): readonly Held[] =>
    write.does === 'intend' ? [write.intent] : write.does === 'append' && write.under ? [write.under] : [],
  );
  const [row] = await ask<KnownRow>(
    READ,
    [
      me,
      ids,
      tags.map(({ repo }) => repo),
      tags.map(({ tag }) => tag),
      dropped.map(({ repo }) => repo),
      dropped.map(({ digest }) => digest),
      places.map(({ repo }) => repo),
      places.map(({ reference }) => reference),
    ],
    'log.read',
  );
  if (head === undefined || row === undefined) throw new Error('the push log has no head');
  return {
    size: Number(head.size),
    alive: row.alive,
    entries: new Map(row.entries.map(([id, index, leaf]) => [id, { index, type: typeOf(leaf) }])),
    intents: new Map(
      row.intents.map(([id, repo, reference, body, mine]) => [
        id,
        { repo, reference, body: JSON.parse(body) as Intent, mine },
      ]),
    ),
    taken: new Set(row.taken.map(([repo, reference]) => keyOf(repo, reference))),
    tags: new Map(
      row.tags.map(([repo, tag, index, digest]) => [
        keyOf(repo, tag),
        { index, ...(digest === null ? {} : { digest }) },
      ]),
    ),
    held: new Set(row.held.map(([repo, reference]) => keyOf(repo, reference))),
  };
}

/** Read here: PostgreSQL reads no JSON in which a text has the sign U+0000, and clients can send that. */
function typeOf(leaf: string): RecordType {
  return (JSON.parse(leaf) as { type: RecordType }).type;
}

function idOf(write: Write): string | undefined {
  if ('id' in write) return write.id;
  if ('intent' in write) return write.intent.id;
  return 'record' in write ? write.record.id : undefined;
}

interface KnownRow extends Readonly<Record<string, unknown>> {
  readonly alive: boolean;
  /** Id, index and text. */
  readonly entries: readonly (readonly [string, number, string])[];
  readonly intents: readonly (readonly [string, string, string, string, boolean])[];
  readonly taken: readonly (readonly [string, string])[];
  readonly tags: readonly (readonly [string, string, number, string | null])[];
  readonly held: readonly (readonly [string, string])[];
}

/**
 * The tags of records that are appended are known here; those of intents that are concluded stand in the intents. Whoever
 * takes over the intents of an instance deletes its row, which the key-share lock keeps until this group is committed.
 */
const READ = `
  WITH me AS (SELECT id FROM warden.instance WHERE id = $1 FOR KEY SHARE),
  ids AS (SELECT id FROM unnest($2::uuid[]) AS u (id)),
  intents AS (SELECT i.* FROM warden.intent i JOIN ids USING (id)),
  tags AS (
    SELECT t.* FROM warden.tag t JOIN unnest($3::text[], $4::text[]) AS u (repo, tag) ON t.repo = u.repo AND t.tag = u.tag
    UNION SELECT t.* FROM warden.tag t JOIN unnest($5::text[], $6::text[]) AS u (repo, digest)
      ON t.repo = u.repo AND t.digest = u.digest
    UNION SELECT t.* FROM warden.tag t JOIN intents i ON t.repo = i.repo AND t.tag = i.reference
    UNION SELECT t.* FROM warden.tag t JOIN intents i ON i.whole AND t.repo = i.repo AND t.digest = i.reference
  ),
  places AS (SELECT DISTINCT repo, reference FROM unnest($7::text[], $8::text[]) AS u (repo, reference))
  SELECT EXISTS (SELECT FROM me) AS alive,
    (SELECT coalesce(json_agg(json_build_array(e.id, e.idx, convert_from(e.leaf, 'UTF8'))), '[]')
      FROM warden.entry e JOIN ids USING (id)) AS entries,
    (SELECT coalesce(json_agg(json_build_array(id, repo, reference, body, owner = $1)), '[]') FROM intents) AS intents,
    (SELECT coalesce(json_agg(json_build_array(i.repo, i.reference)), '[]')
      FROM warden.intent i JOIN places USING (repo, reference)) AS taken,
    (SELECT coalesce(json_agg(json_build_array(repo, tag, idx, digest)), '[]') FROM tags) AS tags,
    (SELECT coalesce(json_agg(DISTINCT ARRAY[c.repo, c.reference]), '[]') FROM warden.claim c
      JOIN places p ON c.repo = p.repo AND c.reference IN (p.reference, '') WHERE c.owner = $1) AS held`;

async function store(ask: Ask, me: string, size: number, changes: Changes): Promise<void> {
  const { ended, intents, leaves, tags } = changes;
  // An intent of this very group that is ended in it was never there.
  const made = intents.filter(({ id }) => !ended.includes(id));
  const moved = [...tags].map(([key, last]) => {
    const [repo = '', tag = ''] = key.split(' ');
    return { repo, tag, ...last };
  });
  await ask(
    WRITE,
    [
      me,
      size,
      ended,
      made.map(({ id }) => id),
      made.map(({ repo }) => repo),
      made.map(({ reference }) => reference),
      made.map(({ body }) => holdsRepository(body)),
      made.map(({ body }) => JSON.stringify(body)),
      made.map(({ at }) => at),
      leaves.map(({ index }) => index),
      leaves.map(({ id }) => id),
      leaves.map(({ leaf }) => Buffer.from(leaf)),
      moved.map(({ repo }) => repo),
      moved.map(({ tag }) => tag),
      moved.map(({ index }) => index),
      moved.map(({ digest }) => digest ?? null),
    ],
    'log.write',
  );
}

const WRITE = `
  WITH ended AS (DELETE FROM warden.intent WHERE id = ANY ($3::uuid[])),
  intended AS (
    INSERT INTO warden.intent (id, repo, reference, whole, body, at, owner)
    SELECT *, $1::uuid FROM unnest($4::uuid[], $5::text[], $6::text[], $7::boolean[], $8::text[], $9::bigint[])
  ),
  added AS (
    INSERT INTO warden.entry (idx, id, leaf) SELECT * FROM unnest($10::bigint[], $11::uuid[], $12::bytea[])
  ),
  moved AS (
    INSERT INTO warden.tag (repo, tag, idx, digest)
    SELECT * FROM unnest($13::text[], $14::text[], $15::bigint[], $16::text[])
    ON CONFLICT (repo, tag) DO UPDATE SET idx = excluded.idx, digest = excluded.digest
  )
  UPDATE warden.head SET size = $2, probe = probe + 1`;
