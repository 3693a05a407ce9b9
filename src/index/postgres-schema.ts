/**
 * The tables of the index in PostgreSQL, in a schema of their own for each version: so two releases that run beside each
 * other for a while each have their own, and neither undoes the other's work.
 *
 * As in SQLite, but for what its indexes have by themselves: each ends in the record's index. Ids are given by who fills,
 * in the order in which names come in the log, so that every filling ends with the same tables. `digest` has no index
 * while a long filling goes on, and `base_late` holds what that puts off.
 *
 * COLLATE "C": names are compared by their bytes, as everywhere else.
 */
import type { PostgresFamily } from '../store/postgres-schema.ts';
import { INDEX_VERSION } from './schema-sqlite.ts';

export const INDEX_SCHEMA = `warden_index_${INDEX_VERSION}`;

/** Which versions there are, and when each was last used: by the database's clock. */
export const INDEX_FAMILY: PostgresFamily = {
  name: 'index',
  steps: ['CREATE TABLE warden.index_version (version integer PRIMARY KEY, used timestamptz NOT NULL)'],
};

/** Of tables whose rows change often: room for the new row on the page of the old one. */
const CHANGING = 'WITH (fillfactor = 70)';

const COLUMNS = ['repo', 'tag', 'actor', 'host', 'address', 'job', 'labels', 'reason'];

/**
 * Lets the planner believe that each value is rare. It would otherwise look for a frequent one from the end of the log back,
 * which takes forever where that one was not seen for long.
 */
const rare = (table: string, columns: readonly string[]): string =>
  columns
    .map(
      (column) =>
        `ALTER TABLE ${table} ALTER ${column} SET STATISTICS 1, ALTER ${column} SET (n_distinct = -1)`,
    )
    .join('; ');

export const POSTGRES_TABLES = `
  CREATE TABLE progress (
    one boolean PRIMARY KEY DEFAULT true CHECK (one), watermark bigint NOT NULL, last text NOT NULL, bulk smallint NOT NULL,
    related bigint NOT NULL, names integer NOT NULL, tags integer NOT NULL
  );
  INSERT INTO progress VALUES (true, 0, '', 0, -1, 0, 0);
  CREATE TABLE name (
    id integer PRIMARY KEY, kind smallint NOT NULL, text text COLLATE "C" NOT NULL, sort bytea, records bigint NOT NULL,
    first_idx bigint NOT NULL, last_idx bigint NOT NULL, first_time bigint NOT NULL, last_time bigint NOT NULL,
    UNIQUE (kind, text)
  ) ${CHANGING};
  CREATE INDEX name_sort ON name (kind, sort) WHERE sort IS NOT NULL;
  CREATE INDEX name_last ON name (kind, last_time, id);
  CREATE INDEX name_kind ON name (kind, id);
  CREATE TABLE tag (
    id integer PRIMARY KEY, repo integer NOT NULL, name text COLLATE "C" NOT NULL, records bigint NOT NULL,
    last_idx bigint NOT NULL, moved_idx bigint, actors integer NOT NULL, hosts integer NOT NULL, UNIQUE (name, repo)
  ) ${CHANGING};
  CREATE INDEX tag_shared ON tag (last_idx) WHERE actors > 1 OR hosts > 1;
  CREATE TABLE tag_by (
    tag integer NOT NULL, kind smallint NOT NULL, who integer NOT NULL, pushes bigint NOT NULL, last_idx bigint NOT NULL,
    PRIMARY KEY (tag, kind, who)
  ) ${CHANGING};
  CREATE TABLE record (
    idx bigint PRIMARY KEY, time bigint NOT NULL, type integer NOT NULL, repo integer, tag integer, actor integer,
    host integer, address integer, job integer, labels integer, reason integer, has integer NOT NULL, build bigint, vcs_commit bytea,
    digest bytea
  );
  CREATE TABLE record_id (id bytea NOT NULL, idx bigint NOT NULL, PRIMARY KEY (id, idx));
  CREATE TABLE digest (digest bytea NOT NULL, idx bigint NOT NULL, role smallint NOT NULL);
  CREATE TABLE rule (rule integer NOT NULL, idx bigint NOT NULL, PRIMARY KEY (rule, idx));
  CREATE TABLE span (hour integer PRIMARY KEY, first_idx bigint NOT NULL, last_idx bigint NOT NULL) ${CHANGING};
  CREATE TABLE built (
    base integer NOT NULL, idx bigint NOT NULL, distance smallint NOT NULL, claimed smallint NOT NULL, PRIMARY KEY (base, idx)
  );
  CREATE INDEX built_direct ON built (base, idx) WHERE distance = 1;
  CREATE INDEX built_image ON built (idx);
  CREATE TABLE base_repo (
    base integer NOT NULL, repo integer NOT NULL, pushes bigint NOT NULL, last_idx bigint NOT NULL, PRIMARY KEY (base, repo)
  ) ${CHANGING};
  CREATE TABLE tally_hour (
    name integer NOT NULL, hour integer NOT NULL, type integer NOT NULL, events bigint NOT NULL,
    PRIMARY KEY (name, hour, type)
  ) ${CHANGING};
  CREATE TABLE tally_span (
    level smallint NOT NULL, kind smallint NOT NULL, bucket integer NOT NULL, name integer NOT NULL, type integer NOT NULL,
    events bigint NOT NULL, PRIMARY KEY (level, kind, bucket, name, type)
  ) ${CHANGING};
  CREATE TABLE total (
    name integer NOT NULL, type integer NOT NULL, records bigint NOT NULL, PRIMARY KEY (name, type)
  ) ${CHANGING};
  CREATE TABLE refused (
    hour integer NOT NULL, type integer NOT NULL, repo integer NOT NULL, actor integer NOT NULL, host integer NOT NULL,
    address integer NOT NULL, rule integer NOT NULL, reason integer NOT NULL, events bigint NOT NULL,
    first_idx bigint NOT NULL, last_idx bigint NOT NULL,
    PRIMARY KEY (hour, type, repo, actor, host, address, rule, reason)
  ) ${CHANGING};
  CREATE TABLE base_late (
    idx bigint NOT NULL, place smallint NOT NULL, repo integer NOT NULL, base integer NOT NULL, voucher text COLLATE "C",
    claimed smallint NOT NULL, PRIMARY KEY (idx, place)
  );
  ${rare('record', ['type', ...COLUMNS])};
  ${rare('built', ['base'])};
`;

/** All but the row that says how far it is. */
export const POSTGRES_TABLE_NAMES: readonly string[] = [
  ...POSTGRES_TABLES.matchAll(/CREATE TABLE (\w+)/g),
].flatMap(([, name]) => (name === undefined || name === 'progress' ? [] : [name]));

/** That a long filling leaves out until its end: first that of the digests, by which bases are found. */
export const POSTGRES_DIGEST_INDEX =
  'CREATE UNIQUE INDEX IF NOT EXISTS digest_key ON digest (digest, role, idx)';

export const POSTGRES_LATE_INDEXES = [
  'CREATE INDEX IF NOT EXISTS record_type ON record (type, idx)',
  ...COLUMNS.map(
    (column) =>
      `CREATE INDEX IF NOT EXISTS record_${column} ON record (${column}, idx) WHERE ${column} IS NOT NULL`,
  ),
  'CREATE INDEX IF NOT EXISTS record_commit ON record (vcs_commit, idx) WHERE vcs_commit IS NOT NULL',
].join('; ');
