/** The tables of pulls in PostgreSQL. */
import type { PostgresFamily } from '../store/postgres-schema.ts';

/**
 * As in the SQLite file, and besides `pull_batch`: the batches that were added in the last hours, by which one whose
 * commit was not answered is added once.
 *
 * COLLATE "C": names are compared by their bytes, as everywhere else.
 */
const FIRST = `
  CREATE TABLE warden.pull (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, machine text COLLATE "C" NOT NULL, address text NOT NULL,
    address_key bytea, host text COLLATE "C", subject text COLLATE "C" NOT NULL, repository text COLLATE "C" NOT NULL,
    digest text COLLATE "C" NOT NULL, reference text COLLATE "C" NOT NULL, first bigint NOT NULL, last bigint NOT NULL,
    gets bigint NOT NULL, heads bigint NOT NULL, client text,
    UNIQUE (machine, subject, repository, digest, reference)
  );
  CREATE INDEX pull_last ON warden.pull (last, id);
  CREATE INDEX pull_repository ON warden.pull (repository, reference);
  CREATE INDEX pull_digest ON warden.pull (digest);
  CREATE INDEX pull_subject ON warden.pull (subject);
  CREATE INDEX pull_host ON warden.pull (host);
  CREATE INDEX pull_address ON warden.pull (address_key);
  CREATE TABLE warden.pulled_hour (hour bigint PRIMARY KEY, gets bigint NOT NULL);
  CREATE TABLE warden.pulled_day (
    kind text COLLATE "C" NOT NULL, day bigint NOT NULL, name text COLLATE "C" NOT NULL, gets bigint NOT NULL,
    PRIMARY KEY (kind, day, name)
  );
  CREATE TABLE warden.pull_batch (id uuid PRIMARY KEY, at timestamptz NOT NULL DEFAULT clock_timestamp());
  CREATE INDEX pull_batch_at ON warden.pull_batch (at);
`;

export const PULL_TABLES: PostgresFamily = { name: 'pulls', steps: [FIRST] };
