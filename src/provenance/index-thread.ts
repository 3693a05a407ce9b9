/**
 * The index's thread: index.db, by which records are found. Everything in it comes from log.db, so it can be deleted at
 * any time and is filled again; its watermark says how many entries it has seen.
 *
 * A server and a command may both fill it: each batch reads the watermark and moves it in one transaction.
 */
import { hash } from 'node:crypto';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { parseRange, type Range } from '../policy/address.ts';
import { ANONYMOUS } from '../policy/facts.ts';
import { matchesRepository, matchesTag, parseRepositoryGlob, parseTagGlob } from '../policy/glob.ts';
import { addressKeyRange } from '../store/address-key.ts';
import { afterPrefix, createConditions } from '../store/conditions.ts';
import { openDatabase } from '../store/open-database.ts';
import { type Operations, oneByOne } from '../store/thread.ts';
import { columnsOf } from './index-columns.ts';
import { openLogFile } from './log-reader-thread.ts';
import { LOG_CALLED } from './log-thread.ts';
import type { PushRecord } from './record.ts';

export interface IndexOptions {
  /** Of log.db and index.db. */
  readonly folder: string;
}

/** Which records. All that are given must hold. */
export interface RecordFilters {
  /** As in the policy, without variables. */
  readonly repository?: string;
  /** With `*` for any text. */
  readonly tag?: string;
  /** '' is the anonymous one. */
  readonly user?: string;
  readonly host?: string;
  /** An address, or a network in CIDR notation. */
  readonly network?: string;
  /** With its algorithm; a part of its hex is enough. */
  readonly digest?: string;
  /** Milliseconds since 1970: from `since` on, before `until`. */
  readonly since?: number;
  readonly until?: number;
  readonly types?: readonly string[];
  readonly rule?: string;
}

export interface RecordQuestion {
  readonly filters: RecordFilters;
  readonly limit: number;
  /** Records before this index only. */
  readonly before?: number;
}

export interface FoundRecord {
  readonly index: number;
  readonly record: PushRecord;
}

export interface RecordAnswer {
  /** Newest first. */
  readonly found: readonly FoundRecord[];
  /** How many entries of the log were looked at: those with an index below it. */
  readonly watermark: number;
}

/** An image on record. */
export interface KnownImage {
  readonly repo: string;
  /** Under which it was pushed, if under one. */
  readonly tag: string | undefined;
  readonly digest: string;
  /** As they were pushed, lowest first. */
  readonly layerDigests: readonly string[];
}

export const INDEX_FILE = 'index.db';
const INDEX_VERSION = 2;

const SCHEMA = `
  CREATE TABLE record (
    idx INTEGER PRIMARY KEY, type TEXT NOT NULL, time INTEGER NOT NULL, repo TEXT, tag TEXT, actor TEXT, host TEXT,
    address TEXT, address_key BLOB, vcs_commit TEXT
  ) STRICT;
  CREATE INDEX record_repo ON record (repo, tag);
  CREATE INDEX record_actor ON record (actor);
  CREATE INDEX record_host ON record (host);
  CREATE INDEX record_address ON record (address_key);
  CREATE INDEX record_time ON record (time);
  CREATE INDEX record_commit ON record (vcs_commit) WHERE vcs_commit IS NOT NULL;
  CREATE TABLE digest (digest TEXT NOT NULL, idx INTEGER NOT NULL, PRIMARY KEY (digest, idx)) STRICT, WITHOUT ROWID;
  CREATE TABLE rule (rule TEXT NOT NULL, idx INTEGER NOT NULL, PRIMARY KEY (rule, idx)) STRICT, WITHOUT ROWID;
  CREATE TABLE chain (chain TEXT NOT NULL, idx INTEGER NOT NULL, PRIMARY KEY (chain, idx)) STRICT, WITHOUT ROWID;
  INSERT INTO meta VALUES ('watermark', 0), ('last', '');
`;

const BATCH = 1_000;
/** Pushes of one chain id that are looked at, and different images of them that are told: the latest. */
const CHAIN_ROWS = 64;
const KNOWN_IMAGES = 8;

export function open({ folder }: IndexOptions): Operations {
  const log = openLogFile({ folder });
  let db: DatabaseSync;
  try {
    db = openDatabase({
      file: join(folder, INDEX_FILE),
      called: 'the index of the push log (it can be deleted, and is made again)',
      version: INDEX_VERSION,
      schema: SCHEMA,
      // What a crash takes from it is read from the log again.
      synchronous: 'NORMAL',
      pageSize: 8192,
      timeoutMs: 10_000,
    });
  } catch (error) {
    log.close();
    throw error;
  }
  const size = log.prepare('SELECT size FROM head');
  const leaves = log.prepare('SELECT idx, leaf FROM entry WHERE idx >= ? ORDER BY idx LIMIT ?');
  const leaf = log.prepare('SELECT leaf FROM entry WHERE idx = ?');
  const meta = db.prepare('SELECT value FROM meta WHERE key = ?');
  const setMeta = db.prepare('UPDATE meta SET value = ? WHERE key = ?');
  const addRecord = db.prepare('INSERT INTO record VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)');
  const addDigest = db.prepare('INSERT INTO digest VALUES (?, ?)');
  const acceptedWith = db.prepare(
    `SELECT record.idx FROM digest JOIN record USING (idx)
     WHERE digest = ? AND repo = ? AND type = 'push.accepted' ORDER BY record.idx`,
  );
  const addRule = db.prepare('INSERT INTO rule VALUES (?, ?)');
  const addChain = db.prepare('INSERT INTO chain VALUES (?, ?)');
  const withChain = db.prepare('SELECT idx FROM chain WHERE chain = ? ORDER BY idx DESC LIMIT ?');
  /** The globs of the question that is being answered; the thread answers one at a time. */
  let fitsRepository = (_repo: string): boolean => true;
  let fitsTag = (_tag: string): boolean => true;
  const pure = { deterministic: false, directOnly: true };
  db.function('fits_repository', pure, (repo) => Number(typeof repo === 'string' && fitsRepository(repo)));
  db.function('fits_tag', pure, (tag) => Number(typeof tag === 'string' && fitsTag(tag)));

  function watermark(): number {
    return Number(meta.get('watermark')?.['value']);
  }

  function transaction<T>(work: () => T): T {
    db.exec('BEGIN IMMEDIATE');
    try {
      const result = work();
      db.exec('COMMIT');
      return result;
    } catch (error) {
      if (db.isTransaction) db.exec('ROLLBACK');
      throw error;
    }
  }

  /** An index of another log (restored from a backup, or begun anew) is emptied: the hash of the last entry tells. */
  function requireSameLog(): void {
    transaction(() => {
      const mark = watermark();
      if (mark === 0) return;
      const last = leaf.get(mark - 1);
      if (last && hashOf(last['leaf'] as Uint8Array) === meta.get('last')?.['value']) return;
      db.exec('DELETE FROM record; DELETE FROM digest; DELETE FROM rule; DELETE FROM chain');
      setMeta.run(0, 'watermark');
      setMeta.run('', 'last');
    });
  }

  /** @returns how many entries were added. */
  function fillBatch(): number {
    return transaction(() => {
      const rows = leaves.all(watermark(), BATCH) as unknown as { idx: number; leaf: Uint8Array }[];
      for (const row of rows) {
        const columns = columnsOf(parseLeaf(row.leaf));
        const { type, time, repo, tag, actor, host, address, commit } = columns;
        addRecord.run(row.idx, type, time, repo, tag, actor, host, address, columns.addressKey, commit);
        for (const digest of columns.digests) addDigest.run(digest, row.idx);
        for (const rule of columns.rules) addRule.run(rule, row.idx);
        if (columns.chain !== null) addChain.run(columns.chain, row.idx);
      }
      const last = rows.at(-1);
      if (last) {
        setMeta.run(last.idx + 1, 'watermark');
        setMeta.run(hashOf(last.leaf), 'last');
      }
      return rows.length;
    });
  }

  function catchUp(): { watermark: number } {
    // The usual case takes no lock: nothing new.
    while (watermark() < Number(size.get()?.['size'])) if (fillBatch() === 0) break;
    return { watermark: watermark() };
  }

  /** Exactly the manifest: an index that names it as a child, or an image as its configuration, does not count. */
  function accepted({ repo, digest }: { repo: string; digest: string }): boolean {
    catchUp();
    for (const { idx } of acceptedWith.iterate(digest, repo)) {
      const { subject } = parseLeaf(leaf.get(idx as number)?.['leaf'] as Uint8Array) as {
        readonly subject?: { readonly digest?: string };
      };
      if (subject?.digest === digest) return true;
    }
    return false;
  }

  /** The images of the longest chain that any has; `chains` from the longest to the shortest. */
  function imagesOfChain({ chains }: { readonly chains: readonly string[] }): readonly KnownImage[] {
    catchUp();
    for (const chain of chains) {
      const images = new Map<string, KnownImage>();
      for (const { idx } of withChain.iterate(chain, CHAIN_ROWS)) {
        const { subject, tag } = parseLeaf(leaf.get(idx as number)?.['leaf'] as Uint8Array) as {
          readonly subject: {
            readonly repo: string;
            readonly digest: string;
            readonly layerDigests?: string[];
          };
          readonly tag?: { readonly name: string };
        };
        const { repo, digest, layerDigests = [] } = subject;
        if (!images.has(digest)) images.set(digest, { repo, digest, tag: tag?.name, layerDigests });
        if (images.size === KNOWN_IMAGES) break;
      }
      if (images.size > 0) return [...images.values()];
    }
    return [];
  }

  function find({ filters, limit, before }: RecordQuestion): RecordAnswer {
    const mark = catchUp().watermark;
    const conditions = createConditions();
    const { repository, tag, user, host, network, digest, since, until, types, rule } = filters;
    conditions.add('idx < ?', Math.min(before ?? mark, mark));
    if (repository !== undefined) {
      const parsed = parseRepositoryGlob(repository);
      if (!parsed.ok) throw new Error(parsed.reason);
      fitsRepository = (name) => matchesRepository(parsed.glob, name.split('/'), ANONYMOUS);
      conditions.addPattern('repo', repository, 'fits_repository(repo)');
    }
    if (tag !== undefined) {
      const parsed = parseTagGlob(tag);
      if (!parsed.ok) throw new Error(parsed.reason);
      fitsTag = (name) => matchesTag(parsed.glob, name);
      if (tag.includes('*')) conditions.add('fits_tag(tag)');
      else conditions.add('tag = ?', tag);
    }
    if (user !== undefined) conditions.add('actor = ?', user);
    if (host !== undefined) conditions.add('host = ?', host);
    if (network !== undefined) {
      const { low, high } = addressKeyRange(requireRange(network));
      conditions.add('address_key BETWEEN ? AND ?', low, high);
    }
    if (digest !== undefined) {
      conditions.add(
        'idx IN (SELECT idx FROM digest WHERE digest >= ? AND digest < ?)',
        digest,
        afterPrefix(digest),
      );
    }
    if (since !== undefined) conditions.add('time >= ?', since);
    if (until !== undefined) conditions.add('time < ?', until);
    if (types !== undefined) conditions.add(`type IN (${types.map(() => '?').join(', ')})`, ...types);
    if (rule !== undefined) conditions.add('idx IN (SELECT idx FROM rule WHERE rule = ?)', rule);
    const rows = db
      .prepare(`SELECT idx FROM record${conditions.where()} ORDER BY idx DESC LIMIT ?`)
      .all(...conditions.values, limit);
    const found = rows.map((row) => {
      const index = Number(row['idx']);
      const bytes = leaf.get(index)?.['leaf'];
      if (!(bytes instanceof Uint8Array)) throw new Error(`${LOG_CALLED} has no entry ${index}`);
      return { index, record: parseLeaf(bytes) };
    });
    return { found, watermark: mark };
  }

  try {
    requireSameLog();
  } catch (error) {
    db.close();
    log.close();
    throw error;
  }
  return {
    together: oneByOne({
      accepted,
      catchUp,
      find,
      imagesOfChain,
      watermark: () => ({ watermark: watermark() }),
    }),
    close() {
      db.close();
      log.close();
    },
  };
}

function parseLeaf(bytes: Uint8Array): PushRecord {
  return JSON.parse(Buffer.from(bytes).toString('utf8')) as PushRecord;
}

function hashOf(bytes: Uint8Array): string {
  return hash('sha256', bytes);
}

function requireRange(text: string): Range {
  const parsed = parseRange(text);
  if (!parsed.ok) throw new Error(parsed.reason);
  return parsed.range;
}
