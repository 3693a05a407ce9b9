/**
 * The policies that were in force, in the database that several instances share. Each says of itself by which policy it
 * decides and since when, and now and then that it still does: so it is known when two decided by different ones.
 */
import { createHash, randomUUID } from 'node:crypto';
import type { PolicyText } from '../config/policy-texts.ts';
import type { Clock } from '../store/clock.ts';
import type { Postgres } from '../store/postgres.ts';
import type { PostgresFamily } from '../store/postgres-schema.ts';
import { sharedPeriods } from './shared-periods.ts';
import type { VersionStore } from './version-store.ts';
import type { Entry } from './versions-thread.ts';

/** `run` is one start of one instance. Texts are bytes: PostgreSQL has no text with the sign U+0000. */
const FIRST = `
  CREATE TABLE warden.policy_file (sha256 text COLLATE "C" PRIMARY KEY, text bytea NOT NULL);
  CREATE TABLE warden.policy_version (digest text COLLATE "C" PRIMARY KEY, files text NOT NULL);
  CREATE TABLE warden.policy_period (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, run uuid NOT NULL, instance text NOT NULL,
    digest text COLLATE "C" NOT NULL, since bigint NOT NULL, seen bigint NOT NULL
  );
  CREATE INDEX policy_period_run ON warden.policy_period (run, seq);
`;

export const VERSION_TABLES: PostgresFamily = { name: 'policies', steps: [FIRST] };

/** Milliseconds between two signs of life. */
const SIGN_MS = 60_000;
const GRACE_MS = 3 * SIGN_MS;

type Reads = Omit<VersionStore, 'enter' | 'close'>;

/** @param postgres closed by whoever opened it. */
export function readPostgresVersions(postgres: Postgres): Reads {
  return {
    async periods() {
      const rows = await postgres.ask<{ digest: string; since: string; until: string; last: boolean }>(
        `SELECT digest, since, coalesce(next, seen) AS until, next IS NULL AS last
         FROM (SELECT *, lead(since) OVER (PARTITION BY run ORDER BY seq) AS next FROM warden.policy_period) AS said
         ORDER BY seq`,
      );
      const decided = rows.map(({ digest, since, until, last }) => ({
        ...{ digest, last },
        since: Number(since),
        until: Number(until),
      }));
      return sharedPeriods(decided, GRACE_MS);
    },
    async texts(digest) {
      const [version] = await postgres.ask<{ files: string }>(
        'SELECT files FROM warden.policy_version WHERE digest = $1',
        [digest],
      );
      if (version === undefined) return undefined;
      const files = JSON.parse(version.files) as readonly (readonly [string, string])[];
      const rows = await postgres.ask<{ sha256: string; text: Buffer }>(
        'SELECT sha256, text FROM warden.policy_file WHERE sha256 = ANY ($1)',
        [files.map(([, sha256]) => sha256)],
      );
      const texts = new Map(rows.map(({ sha256, text }) => [sha256, text.toString('utf8')]));
      return files.map(([file, sha256]): PolicyText => ({ file, text: String(texts.get(sha256)) }));
    },
  };
}

/**
 * What this instance adds. Its signs of life begin with its first policy and end when it is closed.
 *
 * @param instance its name, for whoever looks into the table.
 */
export function postgresVersions(postgres: Postgres, clock: Clock, instance: string): VersionStore {
  const run = randomUUID();
  const ending = new AbortController();
  let living: Promise<void> | undefined;

  const sign = (): Promise<unknown> =>
    postgres.ask(
      `UPDATE warden.policy_period SET seen = $2
       WHERE seq = (SELECT max(seq) FROM warden.policy_period WHERE run = $1) AND seen < $2`,
      [run, clock.now()],
    );

  async function live(): Promise<void> {
    while (!ending.signal.aborted) {
      await clock.sleep(SIGN_MS, ending.signal);
      // Where the database is away, the next one is good enough.
      await sign().catch(() => undefined);
    }
  }

  return {
    ...readPostgresVersions(postgres),
    async enter(entry) {
      await postgres.transaction(async (ask) => {
        const files = entry.texts.map(fileOf);
        const values = [files.map(({ sha256 }) => sha256), files.map(({ text }) => text)];
        // In one order, so that two who enter the same never wait for each other in a circle.
        await ask(
          `INSERT INTO warden.policy_file SELECT * FROM unnest($1::text[], $2::bytea[]) AS new (sha256, text)
           ORDER BY sha256 ON CONFLICT DO NOTHING`,
          values,
        );
        await ask('INSERT INTO warden.policy_version VALUES ($1, $2) ON CONFLICT DO NOTHING', [
          entry.digest,
          JSON.stringify(files.map(({ file, sha256 }) => [file, sha256])),
        ]);
        await ask(
          `INSERT INTO warden.policy_period (run, instance, digest, since, seen) SELECT $1, $2, $3, $4, $4
           WHERE $3 IS DISTINCT FROM
             (SELECT digest FROM warden.policy_period WHERE run = $1 ORDER BY seq DESC LIMIT 1)`,
          [run, instance, entry.digest, entry.since],
        );
      });
      living ??= live();
    },
    async close() {
      ending.abort();
      await living;
    },
  };
}

function fileOf({ file, text }: Entry['texts'][number]): { file: string; sha256: string; text: Buffer } {
  return { file, sha256: createHash('sha256').update(text).digest('hex'), text: Buffer.from(text) };
}
