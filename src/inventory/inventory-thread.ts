/**
 * The inventory's thread: inventory.db, who pulled what. A counter for each machine, subject, content and name asked, not
 * a list of events. A power cut may cost the last seconds of counting; nothing waits for it.
 */
import { parseAddress } from '../policy/address.ts';
import { ANONYMOUS } from '../policy/facts.ts';
import { matchesRepository, matchesTag } from '../policy/glob.ts';
import { addressKey } from '../store/address-key.ts';
import { openDatabase } from '../store/open-database.ts';
import { type Operations, oneByOne } from '../store/thread.ts';
import { transaction } from '../store/transaction.ts';
import { findPulls, foundPull, pulledRepositories } from './find-pulls.ts';
import type { FoundPull, PullCount, PullQuestion } from './pull.ts';
import {
  addTallies,
  type PullRankingQuestion,
  type PullSeriesQuestion,
  pullRanking,
  pullSeries,
  TALLY_TABLES,
} from './pull-tallies.ts';

export interface InventoryOptions {
  readonly file: string;
  /** For a command beside a running server: questions only. */
  readonly readOnly?: boolean;
}

export const INVENTORY_FILE = 'inventory.db';
const INVENTORY_VERSION = 2;

const SCHEMA = `
  CREATE TABLE pull (
    id INTEGER PRIMARY KEY, machine TEXT NOT NULL, address TEXT NOT NULL, address_key BLOB, host TEXT,
    subject TEXT NOT NULL, repository TEXT NOT NULL, digest TEXT NOT NULL, reference TEXT NOT NULL,
    first INTEGER NOT NULL, last INTEGER NOT NULL, gets INTEGER NOT NULL, heads INTEGER NOT NULL, client TEXT,
    UNIQUE (machine, subject, repository, digest, reference)
  ) STRICT;
  CREATE INDEX pull_last ON pull (last);
  CREATE INDEX pull_repository ON pull (repository, reference);
  CREATE INDEX pull_digest ON pull (digest);
  CREATE INDEX pull_subject ON pull (subject);
  CREATE INDEX pull_host ON pull (host);
  CREATE INDEX pull_address ON pull (address_key);
  ${TALLY_TABLES}
`;
/** Files of earlier releases: what was pulled before is in no count over time. */
const MIGRATIONS = { 1: TALLY_TABLES };

export function open({ file, readOnly }: InventoryOptions): Operations {
  const db = openDatabase({
    file,
    called: 'the inventory of pulls',
    version: INVENTORY_VERSION,
    schema: SCHEMA,
    migrations: MIGRATIONS,
    synchronous: 'NORMAL',
    pageSize: 8192,
    timeoutMs: 5_000,
    readOnly: readOnly ?? false,
  });
  /** The globs of the question that is being answered; the thread answers one at a time. */
  let fitsRepository = (_repository: string): boolean => true;
  let fitsTag = (_tag: string): boolean => true;
  const pure = { deterministic: false, directOnly: true };
  db.function('fits_repository', pure, (name) => Number(typeof name === 'string' && fitsRepository(name)));
  db.function('fits_tag', pure, (name) => Number(typeof name === 'string' && fitsTag(name)));

  /** All of them or none. */
  function add(pulls: readonly PullCount[]): void {
    // Prepared here: where questions only are asked, the file may not be writable.
    const statement = db.prepare(`
      INSERT INTO pull (machine, address, address_key, host, subject, repository, digest, reference, first, last, gets, heads, client)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (machine, subject, repository, digest, reference) DO UPDATE SET
        address = excluded.address, address_key = excluded.address_key, client = coalesce(excluded.client, client),
        first = min(first, excluded.first), last = max(last, excluded.last),
        gets = gets + excluded.gets, heads = heads + excluded.heads`);
    transaction(db, () => {
      for (const pull of pulls) {
        const { address, host, subject, repository, digest, reference, first, last, gets, heads, client } =
          pull;
        const parsed = parseAddress(address);
        const key = parsed ? addressKey(parsed) : null;
        const machine = machineOf(pull);
        statement.run(
          ...[machine, address, key, host ?? null, subject, repository, digest, reference],
          ...[first, last, gets, heads, client ?? null],
        );
      }
      addTallies(db, pulls);
    });
  }

  function find(question: PullQuestion): readonly FoundPull[] {
    const { sql, values } = findPulls(question, {
      table: 'pull',
      textsOf: 'SELECT value FROM json_each(?)',
      repositoryFits(glob) {
        fitsRepository = (name) => matchesRepository(glob, name.split('/'), ANONYMOUS);
        return { sql: 'fits_repository(repository)', values: [] };
      },
      tagFits(glob) {
        fitsTag = (name) => matchesTag(glob, name);
        return { sql: "instr(reference, ':') = 0 AND fits_tag(reference)", values: [] };
      },
    });
    return db
      .prepare(sql)
      .all(...values)
      .map(foundPull);
  }

  function repositories(): readonly string[] {
    const rows = db.prepare(pulledRepositories({ table: 'pull' })).all();
    return rows.map(({ name }) => String(name));
  }

  const series = (question: PullSeriesQuestion) => pullSeries(db, question);
  const ranking = (question: PullRankingQuestion) => pullRanking(db, question);
  return { together: oneByOne({ add, find, repositories, series, ranking }), close: () => db.close() };
}

/** A host has a name, so that its row outlives its address. */
export function machineOf({ host, address }: { readonly host?: string; readonly address: string }): string {
  return host === undefined ? `address ${address}` : `host ${host}`;
}
