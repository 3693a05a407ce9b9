/**
 * Whether the records of a log fit together, besides being those that were signed: what a writer that lies could still do.
 *
 * What must be remembered of all records goes into a file that SQLite keeps for itself and deletes, so that a log of any
 * length is checked in the same memory.
 */
import { DatabaseSync } from 'node:sqlite';

export interface MeaningOptions {
  /** In milliseconds: how far time may run back between two records. Several are made at once, and clocks are set. */
  readonly skewMs: number;
}

export interface Meaning {
  /** @returns a sentence for each thing that does not fit. */
  add(index: number, entry: Uint8Array): readonly string[];
  close(): void;
}

interface Leaf {
  readonly v?: unknown;
  readonly type?: unknown;
  readonly id?: unknown;
  readonly time?: unknown;
  readonly subject?: { readonly repo?: string; readonly digest?: string };
  readonly tag?: { readonly name: string; readonly from?: string; readonly prev?: number };
  readonly policy?: { readonly digest?: string };
}

/** Records that say where a tag now points. */
const MOVES = ['push.accepted', 'tag.drift', 'tag.deleted'];

export function createMeaning({ skewMs }: MeaningOptions): Meaning {
  const db = new DatabaseSync('');
  db.exec(`
    PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-65536;
    CREATE TABLE id (id BLOB PRIMARY KEY) STRICT, WITHOUT ROWID;
    CREATE TABLE tag (repo TEXT, tag TEXT, idx INTEGER NOT NULL, digest TEXT, PRIMARY KEY (repo, tag)) STRICT, WITHOUT ROWID;
  `);
  const addId = db.prepare('INSERT OR IGNORE INTO id VALUES (?)');
  const getTag = db.prepare('SELECT idx, digest FROM tag WHERE repo = ? AND tag = ?');
  const setTag = db.prepare('INSERT OR REPLACE INTO tag VALUES (?, ?, ?, ?)');
  const dropDigest = db.prepare('UPDATE tag SET idx = ?, digest = NULL WHERE repo = ? AND digest = ?');
  const policies = new Set<string>();
  let latest = Number.NEGATIVE_INFINITY;

  function tagProblems(index: number, { type, subject, tag }: Leaf): readonly string[] {
    const repo = subject?.repo;
    if (repo === undefined) return [];
    if (type === 'manifest.deleted' && subject?.digest !== undefined)
      dropDigest.run(index, repo, subject.digest);
    if (tag === undefined || !MOVES.includes(String(type))) return [];
    const problems: string[] = [];
    const row = getTag.get(repo, tag.name) as { idx: number; digest: string | null } | undefined;
    if (tag.prev !== row?.idx) {
      problems.push(
        `says that the record before it about ${repo}:${tag.name} is ${tag.prev ?? 'none'}, and it is ${row?.idx ?? 'none'}`,
      );
    } else if (type !== 'tag.deleted' && (tag.from ?? null) !== (row?.digest ?? null)) {
      problems.push(
        `says that ${repo}:${tag.name} was ${tag.from ?? 'nothing'} before it, and the record before says ${row?.digest ?? 'nothing'}`,
      );
    }
    setTag.run(repo, tag.name, index, type === 'tag.deleted' ? null : (subject?.digest ?? null));
    return problems;
  }

  function timeProblem(leaf: Leaf): string | undefined {
    const time = Date.parse(String(leaf.time));
    if (Number.isNaN(time)) return 'has no time';
    const back = latest - time;
    // From here on the clock is another.
    if (leaf.type === 'clock.jumped') latest = time;
    else latest = Math.max(latest, time);
    if (leaf.type === 'clock.jumped' || back <= skewMs) return undefined;
    return `is ${Math.round(back / 1000)} seconds older than a record before it`;
  }

  function policyProblem({ type, policy }: Leaf): string | undefined {
    const digest = policy?.digest;
    if (digest === undefined) return undefined;
    if (type === 'policy.changed') policies.add(digest);
    // Records from before policies were recorded cannot be held to it.
    const known = policies.size === 0 || policies.has(digest);
    return known ? undefined : `was decided by a policy (${digest}) that no policy.changed record names`;
  }

  return {
    add(index, entry) {
      let leaf: Leaf;
      try {
        leaf = JSON.parse(
          Buffer.from(entry.buffer, entry.byteOffset, entry.byteLength).toString('utf8'),
        ) as Leaf;
      } catch {
        return ['is not JSON'];
      }
      if (typeof leaf !== 'object' || leaf === null || leaf.v !== 1 || typeof leaf.type !== 'string')
        return ['is not a record of version 1'];
      const id = typeof leaf.id === 'string' ? Buffer.from(leaf.id.replaceAll('-', ''), 'hex') : undefined;
      const twice =
        id?.length !== 16
          ? 'has no id'
          : addId.run(id).changes === 0
            ? 'has the id of a record before it'
            : undefined;
      return [twice, timeProblem(leaf), policyProblem(leaf), ...tagProblems(index, leaf)].filter(
        (problem) => problem !== undefined,
      );
    },
    close: () => db.close(),
  };
}
