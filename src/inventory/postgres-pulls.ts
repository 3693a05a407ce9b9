/**
 * Pulls counted in the database that several instances share: what one saw, all answer.
 *
 * Every batch takes its rows in one order, so that two that are added at once never wait for each other in a circle.
 */
import { randomUUID } from 'node:crypto';
import { parseAddress } from '../policy/address.ts';
import { repositoryRegex, tagRegex } from '../policy/glob-regex.ts';
import { addressKey } from '../store/address-key.ts';
import { numbered } from '../store/conditions.ts';
import { type Ask, CommitUnknown, type Postgres } from '../store/postgres.ts';
import { findPulls, foundPull, pulledRepositories } from './find-pulls.ts';
import { machineOf } from './inventory-thread.ts';
import type { PullCount } from './pull.ts';
import type { PullStore } from './pull-store.ts';
import { rankingRange, seriesRange, tallied } from './pull-tallies.ts';

interface Batch {
  readonly id: string;
  readonly pulls: readonly PullCount[];
}

/** Rows of one statement. */
const ROWS = 2_000;

/** @param postgres closed by whoever opened it. */
export function postgresPulls(postgres: Postgres): PullStore {
  /** One whose commit was not answered: it is asked for again before anything else is added. */
  let doubtful: Batch | undefined;

  const write = ({ id, pulls }: Batch): Promise<void> =>
    postgres.transaction(async (ask) => {
      // A crash of the server may cost the last counts, and nothing waits for its disk.
      await ask('SET LOCAL synchronous_commit = off');
      // Waits for the first try, where that is under way still.
      const fresh = await ask(
        'INSERT INTO warden.pull_batch (id) VALUES ($1) ON CONFLICT DO NOTHING RETURNING id',
        [id],
      );
      if (fresh.length === 0) return;
      const rows = pulls.map(rowOf).sort((a, b) => compare(a.key, b.key));
      for (let from = 0; from < rows.length; from += ROWS) await addRows(ask, rows.slice(from, from + ROWS));
      await addTallies(ask, pulls);
    });

  return {
    async add(pulls) {
      if (doubtful) await write(doubtful);
      doubtful = undefined;
      const batch = { id: randomUUID(), pulls };
      try {
        await write(batch);
      } catch (error) {
        if (!(error instanceof CommitUnknown)) throw error;
        doubtful = batch;
      }
      // What is left of them here is no longer in doubt.
      await postgres
        .ask(`DELETE FROM warden.pull_batch WHERE at < clock_timestamp() - interval '6 hours'`)
        .catch(() => undefined);
    },
    async find(question) {
      const { sql, values } = findPulls(question, {
        table: 'warden.pull',
        textsOf: 'SELECT jsonb_array_elements_text(?::jsonb)',
        repositoryFits(glob) {
          const regex = repositoryRegex(glob);
          return regex === undefined
            ? { sql: 'false', values: [] }
            : { sql: `repository || '/' ~ ?`, values: [regex] };
        },
        tagFits: (glob) => ({
          sql: `strpos(reference, ':') = 0 AND reference ~ ?`,
          values: [tagRegex(glob)],
        }),
      });
      return (await postgres.ask(numbered(sql), values)).map(foundPull);
    },
    async repositories() {
      const rows = await postgres.ask<{ name: string }>(pulledRepositories({ table: 'warden.pull' }));
      return rows.map(({ name }) => name);
    },
    async series(question) {
      const { hours, from, until, hourMs } = seriesRange(question);
      const rows = await postgres.ask<{ bucket: string; pulls: string }>(
        `SELECT hour / $1::bigint AS bucket, sum(gets) AS pulls FROM warden.pulled_hour
         WHERE hour >= $2 AND hour < $3 GROUP BY bucket ORDER BY bucket DESC`,
        [hours, from, until],
      );
      return rows.map(({ bucket, pulls }) => ({
        time: Number(bucket) * hours * hourMs,
        pulls: Number(pulls),
      }));
    },
    async ranking(question) {
      const { from, until } = rankingRange(question);
      const rows = await postgres.ask<{ name: string; pulls: string }>(
        `SELECT name, sum(gets) AS pulls FROM warden.pulled_day WHERE kind = $1 AND day >= $2 AND day < $3
         GROUP BY name ORDER BY pulls DESC, name LIMIT $4`,
        [question.by, from, until, question.limit],
      );
      return rows.map(({ name, pulls }) => ({ name, pulls: Number(pulls) }));
    },
  };
}

interface Row extends PullCount {
  readonly machine: string;
  readonly addressKey: Uint8Array | null;
  /** By which two batches have one order. */
  readonly key: string;
}

function rowOf(pull: PullCount): Row {
  const { subject, repository, digest, reference, address } = pull;
  const parsed = parseAddress(address);
  const machine = machineOf(pull);
  return {
    ...pull,
    machine,
    addressKey: parsed ? addressKey(parsed) : null,
    key: [machine, subject, repository, digest, reference].join('\n'),
  };
}

async function addRows(ask: Ask, rows: readonly Row[]): Promise<void> {
  const column = (name: keyof Row): unknown[] => rows.map((row) => row[name] ?? null);
  await ask(
    `INSERT INTO warden.pull AS old
       (machine, address, address_key, host, subject, repository, digest, reference, first, last, gets, heads, client)
     SELECT machine, address, address_key, host, subject, repository, digest, reference, first, last, gets, heads, client
     FROM unnest($1::text[], $2::text[], $3::bytea[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
       $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[], $13::text[]) WITH ORDINALITY AS new
       (machine, address, address_key, host, subject, repository, digest, reference, first, last, gets, heads, client, place)
     ORDER BY place
     ON CONFLICT (machine, subject, repository, digest, reference) DO UPDATE SET
       address = CASE WHEN excluded.last >= old.last THEN excluded.address ELSE old.address END,
       address_key = CASE WHEN excluded.last >= old.last THEN excluded.address_key ELSE old.address_key END,
       client = CASE WHEN excluded.last >= old.last THEN coalesce(excluded.client, old.client) ELSE coalesce(old.client, excluded.client) END,
       first = least(old.first, excluded.first), last = greatest(old.last, excluded.last),
       gets = old.gets + excluded.gets, heads = old.heads + excluded.heads`,
    [
      ...[column('machine'), column('address'), column('addressKey').map(bytes), column('host')],
      ...[column('subject'), column('repository'), column('digest'), column('reference')],
      ...[column('first'), column('last'), column('gets'), column('heads'), column('client').map(storable)],
    ],
  );
}

async function addTallies(ask: Ask, pulls: readonly PullCount[]): Promise<void> {
  const { hours, days } = tallied(pulls);
  const ofHours = [...hours].sort((a, b) => a.hour - b.hour);
  await ask(
    `INSERT INTO warden.pulled_hour AS old SELECT hour, gets
     FROM unnest($1::bigint[], $2::bigint[]) WITH ORDINALITY AS new (hour, gets, place) ORDER BY place
     ON CONFLICT (hour) DO UPDATE SET gets = old.gets + excluded.gets`,
    [ofHours.map(({ hour }) => hour), ofHours.map(({ gets }) => gets)],
  );
  const keyed = days.map((day) => ({ ...day, key: `${day.kind} ${day.day} ${day.name}` }));
  const ofDays = keyed.sort((a, b) => compare(a.key, b.key));
  await ask(
    `INSERT INTO warden.pulled_day AS old SELECT kind, day, name, gets
     FROM unnest($1::text[], $2::bigint[], $3::text[], $4::bigint[]) WITH ORDINALITY AS new (kind, day, name, gets, place)
     ORDER BY place
     ON CONFLICT (kind, day, name) DO UPDATE SET gets = old.gets + excluded.gets`,
    [
      ofDays.map(({ kind }) => kind),
      ofDays.map(({ day }) => day),
      ofDays.map(({ name }) => name),
      ofDays.map(({ gets }) => gets),
    ],
  );
}

/** What a client says of itself; PostgreSQL has no text with the sign U+0000. */
function storable(text: unknown): unknown {
  return typeof text === 'string' ? text.replaceAll('\0', '') : text;
}

function bytes(value: unknown): unknown {
  return value instanceof Uint8Array ? Buffer.from(value) : value;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
