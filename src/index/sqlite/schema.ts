/**
 * The tables of the index in SQLite. Every secondary index ends in the row's id, which is the record's index: so each of
 * them gives its records newest first without sorting.
 */

/** A file of another version is thrown away and filled again. */
export const INDEX_VERSION = 5;

/**
 * By the first half byte of the hash, so that each is sorted for itself: in memory, in a transaction of bounded size, and
 * with the room of the one before.
 */
export const LATE_DIGESTS = Array.from({ length: 16 }, (_, at) => `digest_late_${at.toString(16)}`);

/**
 * `digest_late_…` and `base_late` hold what a long filling puts off: random places of a large tree cost more than one sorting.
 * Names are kept once, with what was seen of each: the other tables have numbers. `sort` is the address as bytes.
 */
export const TABLES = `
  CREATE TABLE name (
    id INTEGER PRIMARY KEY, kind INTEGER NOT NULL, text TEXT NOT NULL, sort BLOB, records INTEGER NOT NULL,
    first_idx INTEGER NOT NULL, last_idx INTEGER NOT NULL, first_time INTEGER NOT NULL, last_time INTEGER NOT NULL,
    UNIQUE (kind, text)
  ) STRICT;
  CREATE INDEX name_sort ON name (kind, sort) WHERE sort IS NOT NULL;
  CREATE INDEX name_last ON name (kind, last_time);
  CREATE INDEX name_kind ON name (kind);
  CREATE TABLE tag (
    id INTEGER PRIMARY KEY, repo INTEGER NOT NULL, name TEXT NOT NULL, records INTEGER NOT NULL, last_idx INTEGER NOT NULL,
    moved_idx INTEGER, actors INTEGER NOT NULL, hosts INTEGER NOT NULL, UNIQUE (name, repo)
  ) STRICT;
  CREATE INDEX tag_shared ON tag (last_idx) WHERE actors > 1 OR hosts > 1;
  CREATE TABLE tag_by (
    tag INTEGER NOT NULL, kind INTEGER NOT NULL, who INTEGER NOT NULL, pushes INTEGER NOT NULL, last_idx INTEGER NOT NULL,
    PRIMARY KEY (tag, kind, who)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE record (
    idx INTEGER PRIMARY KEY, type INTEGER NOT NULL, time INTEGER NOT NULL, repo INTEGER, tag INTEGER, actor INTEGER,
    host INTEGER, address INTEGER, job INTEGER, build INTEGER, vcs_commit BLOB, digest BLOB, has INTEGER NOT NULL,
    labels INTEGER, reason INTEGER
  ) STRICT;
  CREATE TABLE record_id (id BLOB NOT NULL, idx INTEGER NOT NULL, PRIMARY KEY (id, idx)) STRICT, WITHOUT ROWID;
  CREATE TABLE digest (
    digest BLOB NOT NULL, idx INTEGER NOT NULL, role INTEGER NOT NULL, PRIMARY KEY (digest, role, idx)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE rule (rule INTEGER NOT NULL, idx INTEGER NOT NULL, PRIMARY KEY (rule, idx)) STRICT, WITHOUT ROWID;
  CREATE TABLE span (hour INTEGER PRIMARY KEY, first_idx INTEGER NOT NULL, last_idx INTEGER NOT NULL) STRICT;
  CREATE TABLE built (
    base INTEGER NOT NULL, idx INTEGER NOT NULL, distance INTEGER NOT NULL, claimed INTEGER NOT NULL,
    PRIMARY KEY (base, idx)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX built_direct ON built (base, idx) WHERE distance = 1;
  CREATE INDEX built_image ON built (idx);
  CREATE TABLE base_repo (
    base INTEGER NOT NULL, repo INTEGER NOT NULL, pushes INTEGER NOT NULL, last_idx INTEGER NOT NULL,
    PRIMARY KEY (base, repo)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE tally_hour (
    name INTEGER NOT NULL, hour INTEGER NOT NULL, type INTEGER NOT NULL, events INTEGER NOT NULL,
    PRIMARY KEY (name, hour, type)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE tally_span (
    level INTEGER NOT NULL, kind INTEGER NOT NULL, bucket INTEGER NOT NULL, name INTEGER NOT NULL, type INTEGER NOT NULL,
    events INTEGER NOT NULL, PRIMARY KEY (level, kind, bucket, name, type)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE total (
    name INTEGER NOT NULL, type INTEGER NOT NULL, records INTEGER NOT NULL, PRIMARY KEY (name, type)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE refused (
    hour INTEGER NOT NULL, type INTEGER NOT NULL, repo INTEGER NOT NULL, actor INTEGER NOT NULL, host INTEGER NOT NULL,
    address INTEGER NOT NULL, rule INTEGER NOT NULL, reason INTEGER NOT NULL, events INTEGER NOT NULL,
    first_idx INTEGER NOT NULL, last_idx INTEGER NOT NULL,
    PRIMARY KEY (hour, type, repo, actor, host, address, rule, reason)
  ) STRICT, WITHOUT ROWID;
  ${LATE_DIGESTS.map((name) => `CREATE TABLE ${name} (digest BLOB NOT NULL, idx INTEGER NOT NULL, role INTEGER NOT NULL) STRICT;`).join('\n  ')}
  CREATE TABLE base_late (
    idx INTEGER NOT NULL, repo INTEGER NOT NULL, base INTEGER NOT NULL, of TEXT, claimed INTEGER NOT NULL
  ) STRICT;
  INSERT INTO meta VALUES ('watermark', 0), ('last', ''), ('bulk', 0);
`;

/** Those that a long filling leaves out until its end. */
export const LATE_INDEXES = `
  CREATE INDEX IF NOT EXISTS record_type ON record (type);
  CREATE INDEX IF NOT EXISTS record_repo ON record (repo) WHERE repo IS NOT NULL;
  CREATE INDEX IF NOT EXISTS record_tag ON record (tag) WHERE tag IS NOT NULL;
  CREATE INDEX IF NOT EXISTS record_actor ON record (actor) WHERE actor IS NOT NULL;
  CREATE INDEX IF NOT EXISTS record_host ON record (host) WHERE host IS NOT NULL;
  CREATE INDEX IF NOT EXISTS record_address ON record (address) WHERE address IS NOT NULL;
  CREATE INDEX IF NOT EXISTS record_job ON record (job) WHERE job IS NOT NULL;
  CREATE INDEX IF NOT EXISTS record_labels ON record (labels) WHERE labels IS NOT NULL;
  CREATE INDEX IF NOT EXISTS record_reason ON record (reason) WHERE reason IS NOT NULL;
  CREATE INDEX IF NOT EXISTS record_commit ON record (vcs_commit) WHERE vcs_commit IS NOT NULL;
`;
