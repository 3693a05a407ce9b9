/** Where refusals are kept: a file of this instance, or the database of all. */
import type { Postgres } from '../store/postgres.ts';
import type { PostgresFamily } from '../store/postgres-schema.ts';
import type { Thread } from '../store/thread.ts';
import { type DecisionRow, KEPT_MS, KEPT_ROWS } from './decisions-thread.ts';

/** Every function rejects with a StoreError when the storage fails. */
export interface DecisionStore {
  /** All of them or none; then what is too old or too many goes. @param now milliseconds since 1970. */
  add(rows: readonly DecisionRow[], now: number): Promise<void>;
  find(id: string): Promise<DecisionRow | undefined>;
}

/** @param thread over decisions-thread, closed by whoever started it. */
export function sqliteDecisions(thread: Thread): DecisionStore {
  return {
    add: (rows, now) => thread.call('add', { rows, now }),
    find: (id) => thread.call<DecisionRow | undefined>('find', { id }),
  };
}

const FIRST = `
  CREATE TABLE warden.decision (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, id text COLLATE "C" NOT NULL UNIQUE, time bigint NOT NULL,
    policy text NOT NULL, question text NOT NULL
  );
`;

export const DECISION_TABLES: PostgresFamily = { name: 'decisions', steps: [FIRST] };

/** Any number that nobody else takes: the bytes of "Wrdd". Who cleans up cleans for all. */
const CLEANING = 0x57726464;

/** @param postgres closed by whoever opened it. */
export function postgresDecisions(postgres: Postgres): DecisionStore {
  return {
    async add(rows, now) {
      await postgres.transaction(async (ask) => {
        // A crash of the server may cost the last seconds, as a power cut does with a file.
        await ask('SET LOCAL synchronous_commit = off');
        await ask(
          `INSERT INTO warden.decision (id, time, policy, question)
           SELECT * FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[]) ON CONFLICT DO NOTHING`,
          [
            rows.map(({ id }) => id),
            rows.map(({ time }) => time),
            rows.map(({ policy }) => policy),
            rows.map(({ question }) => question),
          ],
        );
      });
      await postgres.transaction(async (ask) => {
        const [mine] = await ask<{ mine: boolean }>('SELECT pg_try_advisory_xact_lock($1) AS mine', [
          CLEANING,
        ]);
        if (!mine?.mine) return;
        // Rows are nearly in the order of time, so the old ones stand first. More at a time than ever come at once.
        await ask(
          `DELETE FROM warden.decision WHERE seq IN (SELECT seq FROM warden.decision ORDER BY seq LIMIT 20000)
           AND (seq <= (SELECT max(seq) FROM warden.decision) - $1 OR time < $2)`,
          [KEPT_ROWS, now - KEPT_MS],
        );
      });
    },
    async find(id) {
      const [row] = await postgres.ask<{ id: string; time: string; policy: string; question: string }>(
        'SELECT id, time, policy, question FROM warden.decision WHERE id = $1',
        [id],
      );
      return row && { ...row, time: Number(row.time) };
    },
  };
}
