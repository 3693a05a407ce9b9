/**
 * The push log in a PostgreSQL database that several instances share.
 *
 * What is asked for in the same moment is one transaction. Where COMMIT was sent and its answer did not come, the group
 * is run again until the database says what became of it; who waits is told after a while that it is not known, and what
 * nobody was told of is taken back.
 */
import { type Batches, createBatches } from '../store/batches.ts';
import type { Clock } from '../store/clock.ts';
import { createPatience } from '../store/patience.ts';
import { CommitUnknown, type Postgres } from '../store/postgres.ts';
import { DATABASE_TROUBLE } from '../store/postgres-failure.ts';
import { StoreError } from '../store/thread.ts';
import type { Concluded, LogStore } from './log-store.ts';
import { createPostgresClaims } from './postgres-claims.ts';
import { GROUP_PLANNING, type Write, type Written, writeGroup } from './postgres-group.ts';
import { createLease } from './postgres-lease.ts';

export interface PostgresLogOptions {
  /** Closed by whoever opened it. */
  readonly postgres: Postgres;
  readonly clock: Clock;
  /** Of this instance, for whoever looks into the tables. */
  readonly name: string;
  /** An instance that is not heard of for so long is taken for dead. */
  readonly leaseMs: number;
  /** How long a caller waits for an answer of the database. */
  readonly patienceMs: number;
  /** How long a push waits for one of another instance in its place. */
  readonly waitMs: number;
}

/** Calls of one transaction. */
const GROUP_LIMIT = 256;
/** Renewals within one lease. */
const BEATS = 5;
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 2_000;

/** A log that several instances write. */
export interface PostgresLog extends LogStore {
  /** The id of this one's lease in warden.instance: another one when it was taken for dead. */
  instance(): string;
}

export function openPostgresLog(options: PostgresLogOptions): PostgresLog {
  const { postgres, clock, name, leaseMs, patienceMs, waitMs } = options;
  const lease = createLease({ postgres, clock, name, leaseMs });
  const claims = createPostgresClaims({ postgres, clock, owner: lease.id, waitMs });
  const ending = new AbortController();
  let trouble: (error: unknown) => void = () => undefined;
  let commits = 0;
  let writes = 0;
  /** Intents that nobody was told of, to be taken back. */
  const withdrawn = new Set<string>();
  let beating: Promise<void> | undefined;

  const batches: Batches<Write, Written> = createBatches(async (group) => {
    let doubt = false;
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
      try {
        const outcomes = await postgres.transaction(
          (ask) => writeGroup(ask, lease.id(), group),
          GROUP_PLANNING,
        );
        commits++;
        writes += group.length;
        return outcomes;
      } catch (error) {
        doubt ||= error instanceof CommitUnknown;
        if (!doubt || ending.signal.aborted) throw error;
        trouble(error);
        await clock.sleep(pause, ending.signal);
      }
    }
  }, GROUP_LIMIT);

  const patiently = createPatience(
    clock,
    patienceMs,
    () => new StoreError('PostgreSQL does not answer (no answer in time)', DATABASE_TROUBLE),
  );

  async function withdraw(id: string): Promise<void> {
    withdrawn.add(id);
    await batches.add({ does: 'withdraw', id });
    withdrawn.delete(id);
  }

  async function beat(): Promise<void> {
    while (!ending.signal.aborted) {
      await clock.sleep(leaseMs / BEATS, ending.signal);
      if (ending.signal.aborted) return;
      try {
        await lease.renew();
        await claims.tidy();
        for (const id of withdrawn) void withdraw(id).catch(() => undefined);
      } catch (error) {
        trouble(error);
      }
    }
  }

  return {
    claims,
    instance: lease.id,
    holds: lease.isValid,
    onTrouble(listener) {
      trouble = listener;
    },
    async intend(intent) {
      const intending = batches.add({ does: 'intend', intent });
      try {
        const done = (await patiently(intending)) as boolean;
        if (!done || lease.isValid()) return done;
      } catch (error) {
        void intending.then((done) => (done ? withdraw(intent.id) : undefined)).catch(() => undefined);
        throw error;
      }
      // This process was stopped for so long that another may be settling it already.
      await withdraw(intent.id).catch(() => undefined);
      return false;
    },
    conclude: (id, ended) =>
      patiently(batches.add({ does: 'conclude', id, ending: ended })) as Promise<Concluded>,
    append: (record, under) =>
      patiently(batches.add({ does: 'append', record, under })) as Promise<Concluded>,
    appendSurely: (record) => batches.add({ does: 'append', record }) as Promise<Concluded>,
    async begin(record) {
      await patiently(batches.add({ does: 'begin', record }));
    },
    async lastOf(repo, tag) {
      const [row] = await postgres.ask<{ idx: string; digest: string | null }>(
        'SELECT idx, digest FROM warden.tag WHERE repo = $1 AND tag = $2',
        [repo, tag],
      );
      return row && { index: Number(row.idx), ...(row.digest === null ? {} : { digest: row.digest }) };
    },
    async takeOver() {
      if (!lease.isValid()) await lease.renew();
      beating ??= beat();
      return lease.takeOver();
    },
    async counters() {
      const [row] = await postgres.ask<{ size: string }>('SELECT size FROM warden.head');
      return { size: Number(row?.size), commits, writes };
    },
    async probe() {
      await patiently(batches.add({ does: 'probe' }));
    },
    async close() {
      ending.abort();
      await beating;
      await lease.end().catch(() => undefined);
    },
  };
}
