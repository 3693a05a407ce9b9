/**
 * The tables of the index in PostgreSQL, in a schema of their own for each version: so two releases that run beside each
 * other for a while each have their own, and neither undoes the other's work.
 *
 * They hold the rows of SQLite's tables, in the room that PostgreSQL needs: a row of its own costs 28 bytes before its first
 * column, and is there besides each index. So what a record has one of stands in the row of the record, digests with it in
 * one row beside; views have them as rows again, and a row without a
 * digest or rule for what is not there: with a condition the planner would not look through a view into its parts. Ids are given by who fills, in the order in which names come in the log,
 * so that every filling ends with the same rows. An index of a record takes four bytes: a log may have 2,147,483,647.
 *
 * Most indexes are left out while a long filling goes on, and `base_late` holds what that puts off.
 *
 * COLLATE "C": names are compared by their bytes, as everywhere else.
 */
import type { PostgresFamily } from '../../store/postgres-schema.ts';
import { NAMES, ROLES } from '../common/kinds.ts';

/** Of these tables; a change of what SQLite has too is a new INDEX_VERSION besides. */
export const POSTGRES_INDEX_VERSION = 6;

export const INDEX_SCHEMA = `warden_index_${POSTGRES_INDEX_VERSION}`;

/** Which versions there are, and when each was last used: by the database's clock. */
export const INDEX_FAMILY: PostgresFamily = {
  name: 'index',
  steps: ['CREATE TABLE warden.index_version (version integer PRIMARY KEY, used timestamptz NOT NULL)'],
};

const COLUMNS = ['repo', 'tag', 'actor', 'host', 'address', 'job', 'labels', 'reason', 'rule'];

/** Of table `digests`: as many layers as most images have; further ones are in `digest_more`. */
export const LAYER_COLUMNS: readonly string[] = Array.from({ length: 8 }, (_, at) => `layer_${at + 1}`);

/** What of a record's digests has a column of its own there. */
const DIGEST_COLUMNS: readonly (readonly [column: string, role: number])[] = [
  ['config', ROLES.config],
  ['refers', ROLES.of],
  ['chain', ROLES.chain],
  ...LAYER_COLUMNS.map((column) => [column, ROLES.layer] as const),
];

/** Those of which it is asked when they were last seen, and those of which all are listed. */
const SEEN = [NAMES.repository, NAMES.actor, NAMES.host, NAMES.address, NAMES.job, NAMES.rule].join(', ');
const LISTED = [NAMES.repository, NAMES.labels].join(', ');

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
    first_time bigint NOT NULL, last_time bigint NOT NULL, id integer PRIMARY KEY, records integer NOT NULL,
    first_idx integer NOT NULL, last_idx integer NOT NULL, kind smallint NOT NULL, text text COLLATE "C" NOT NULL, sort bytea,
    UNIQUE (kind, text)
  );
  CREATE INDEX name_sort ON name (kind, sort) WHERE sort IS NOT NULL;
  CREATE INDEX name_last ON name (kind, last_time, id) WHERE kind IN (${SEEN});
  CREATE INDEX name_kind ON name (kind, id) WHERE kind IN (${LISTED});
  CREATE TABLE tag (
    id integer PRIMARY KEY, repo integer NOT NULL, records integer NOT NULL, last_idx integer NOT NULL, moved_idx integer,
    actors integer NOT NULL, hosts integer NOT NULL, name text COLLATE "C" NOT NULL, UNIQUE (name, repo)
  );
  CREATE INDEX tag_shared ON tag (last_idx) WHERE actors > 1 OR hosts > 1;
  CREATE TABLE tag_by (
    tag integer NOT NULL, who integer NOT NULL, pushes integer NOT NULL, last_idx integer NOT NULL, kind smallint NOT NULL,
    PRIMARY KEY (tag, kind, who)
  );
  CREATE TABLE record (
    time bigint NOT NULL, build bigint, idx integer PRIMARY KEY, type integer NOT NULL, has integer NOT NULL, repo integer,
    tag integer, actor integer, host integer, address integer, job integer, labels integer, reason integer,
    rule integer, id bytea, vcs_commit bytea, digest bytea
  );
  CREATE VIEW record_id AS SELECT id, idx FROM record WHERE id IS NOT NULL;
  CREATE TABLE rule_more (rule integer NOT NULL, idx integer NOT NULL, PRIMARY KEY (rule, idx));
  CREATE VIEW rule AS SELECT rule, idx FROM record UNION ALL SELECT rule, idx FROM rule_more;
  CREATE TABLE digests (idx integer NOT NULL, ${DIGEST_COLUMNS.map(([column]) => `${column} bytea`).join(', ')});
  CREATE TABLE digest_more (
    idx integer NOT NULL, role smallint NOT NULL, digest bytea NOT NULL, PRIMARY KEY (digest, role, idx)
  );
  CREATE VIEW digest AS
    SELECT digest, idx, ${ROLES.manifest}::smallint AS role FROM record
    ${DIGEST_COLUMNS.map(([column, role]) => `UNION ALL SELECT ${column}, idx, ${role}::smallint FROM digests`).join('\n    ')}
    UNION ALL SELECT digest, idx, role FROM digest_more;
  CREATE TABLE span (hour integer PRIMARY KEY, first_idx integer NOT NULL, last_idx integer NOT NULL);
  CREATE TABLE built (
    base integer NOT NULL, idx integer NOT NULL, distance smallint NOT NULL, claimed smallint NOT NULL, PRIMARY KEY (base, idx)
  );
  CREATE INDEX built_direct ON built (base, idx) WHERE distance = 1;
  CREATE INDEX built_image ON built (idx);
  CREATE TABLE base_repo (
    base integer NOT NULL, repo integer NOT NULL, pushes integer NOT NULL, last_idx integer NOT NULL, PRIMARY KEY (base, repo)
  );
  CREATE TABLE tally_hour (
    name integer NOT NULL, hour integer NOT NULL, type integer NOT NULL, events bigint NOT NULL,
    PRIMARY KEY (name, hour, type)
  );
  CREATE TABLE tally_span (
    level smallint NOT NULL, kind smallint NOT NULL, bucket integer NOT NULL, name integer NOT NULL, type integer NOT NULL,
    events bigint NOT NULL, PRIMARY KEY (level, kind, bucket, name, type)
  );
  CREATE TABLE total (
    name integer NOT NULL, type integer NOT NULL, records integer NOT NULL, PRIMARY KEY (name, type)
  );
  CREATE TABLE refused (
    events bigint NOT NULL, hour integer NOT NULL, type integer NOT NULL, repo integer NOT NULL, actor integer NOT NULL,
    host integer NOT NULL, address integer NOT NULL, rule integer NOT NULL, reason integer NOT NULL,
    first_idx integer NOT NULL, last_idx integer NOT NULL,
    PRIMARY KEY (hour, type, repo, actor, host, address, rule, reason)
  );
  CREATE TABLE base_late (
    idx integer NOT NULL, place smallint NOT NULL, repo integer NOT NULL, base integer NOT NULL, voucher text COLLATE "C",
    claimed smallint NOT NULL, PRIMARY KEY (idx, place)
  );
  ${rare('record', ['type', ...COLUMNS])};
  ${rare('built', ['base'])};
`;

/** All but the row that says how far it is. */
export const POSTGRES_TABLE_NAMES: readonly string[] = [
  ...POSTGRES_TABLES.matchAll(/CREATE TABLE (\w+)/g),
].flatMap(([, name]) => (name === undefined || name === 'progress' ? [] : [name]));

/** That a long filling leaves out until its end: first that of the manifests, by which bases are found. */
export const POSTGRES_DIGEST_INDEX =
  'CREATE INDEX IF NOT EXISTS record_digest ON record (digest, idx) WHERE digest IS NOT NULL';

export const POSTGRES_LATE_INDEXES = [
  'CREATE INDEX IF NOT EXISTS record_type ON record (type, idx)',
  ...COLUMNS.map(
    (column) =>
      `CREATE INDEX IF NOT EXISTS record_${column} ON record (${column}, idx) WHERE ${column} IS NOT NULL`,
  ),
  'CREATE INDEX IF NOT EXISTS record_by_id ON record (id, idx) WHERE id IS NOT NULL',
  'CREATE INDEX IF NOT EXISTS record_commit ON record (vcs_commit) WHERE vcs_commit IS NOT NULL',
  ...DIGEST_COLUMNS.map(
    ([column]) =>
      `CREATE INDEX IF NOT EXISTS digests_${column} ON digests (${column}, idx) WHERE ${column} IS NOT NULL`,
  ),
].join('; ');

/**
 * Tables whose rows a filling changes again and again, or puts in any order: written anew at the end of a long one, in the
 * order of their keys and without the room of old rows.
 */
export const POSTGRES_REWRITTEN = ['name', 'tag', 'tag_by', 'built', 'base_repo', 'tally_hour', 'tally_span']
  .map((table) => `CLUSTER ${table} USING ${table}_pkey`)
  .join('; ');
