/** The tables of the push log in PostgreSQL. */
import type { PostgresFamily } from '../store/postgres-schema.ts';

/**
 * As in the SQLite file, and besides: `id` of each entry, by which a commit whose answer was lost is found again; `owner`
 * of each intent, an instance; the leases of instances; and claims, which keep the instances from one tag. Claims are not
 * logged: a crash of the server empties the table, and whoever had one finds out before it writes.
 *
 * `importing` has a row while an import is not finished: the root of its tree.
 *
 * COLLATE "C": names are compared by their bytes, as everywhere else.
 *
 * `claim` answers whether a reference is now the caller's ('yes'), or somebody else's ('no'). A whole repository
 * (reference '') can be waited for: 'soon' keeps all who come later out, until those who were there have left.
 */
const FIRST = `
  CREATE TABLE warden.head (
    one boolean PRIMARY KEY DEFAULT true CHECK (one), size bigint NOT NULL, probe bigint NOT NULL
  );
  INSERT INTO warden.head (size, probe) VALUES (0, 0);
  CREATE TABLE warden.entry (idx bigint PRIMARY KEY, id uuid NOT NULL UNIQUE, leaf bytea NOT NULL);
  CREATE TABLE warden.intent (
    id uuid PRIMARY KEY, repo text COLLATE "C" NOT NULL, reference text COLLATE "C" NOT NULL, whole boolean NOT NULL,
    body text NOT NULL, at bigint NOT NULL, owner uuid NOT NULL,
    UNIQUE (repo, reference)
  );
  CREATE TABLE warden.tag (
    repo text COLLATE "C" NOT NULL, tag text COLLATE "C" NOT NULL, idx bigint NOT NULL, digest text COLLATE "C",
    PRIMARY KEY (repo, tag)
  );
  CREATE INDEX tag_digest ON warden.tag (repo, digest);
  CREATE TABLE warden.instance (id uuid PRIMARY KEY, name text NOT NULL, seen timestamptz NOT NULL);
  CREATE UNLOGGED TABLE warden.claim (
    repo text COLLATE "C" NOT NULL, reference text COLLATE "C" NOT NULL, owner uuid NOT NULL,
    PRIMARY KEY (repo, reference)
  );
  CREATE TABLE warden.importing (one boolean PRIMARY KEY DEFAULT true CHECK (one), root text NOT NULL);
  CREATE FUNCTION warden.claim(me uuid, r text, ref text) RETURNS text LANGUAGE plpgsql AS $$
  BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended(r, 0));
    IF NOT EXISTS (SELECT FROM warden.instance WHERE id = me) THEN RETURN 'no'; END IF;
    IF ref = '' THEN
      INSERT INTO warden.claim VALUES (r, '', me) ON CONFLICT DO NOTHING;
      IF NOT EXISTS (SELECT FROM warden.claim WHERE repo = r AND reference = '' AND owner = me) THEN RETURN 'no'; END IF;
      IF EXISTS (SELECT FROM warden.claim WHERE repo = r AND reference <> '')
        OR EXISTS (SELECT FROM warden.intent WHERE repo = r) THEN RETURN 'soon'; END IF;
      RETURN 'yes';
    END IF;
    IF EXISTS (SELECT FROM warden.claim WHERE repo = r AND reference IN (ref, ''))
      OR EXISTS (SELECT FROM warden.intent WHERE repo = r AND (reference = ref OR whole)) THEN RETURN 'no'; END IF;
    INSERT INTO warden.claim VALUES (r, ref, me);
    RETURN 'yes';
  END $$;
`;

/** Entries with an index below `until` were taken out, and are in that folder. */
const ARCHIVED = `
  CREATE TABLE warden.archived (
    one boolean PRIMARY KEY DEFAULT true CHECK (one), until bigint NOT NULL, folder text NOT NULL
  );
`;

export const LOG_TABLES: PostgresFamily = { name: 'log', steps: [FIRST, ARCHIVED] };
