/**
 * That this instance is alive, as the others see it: a row that it renews, by the database's clock. Whoever does not renew
 * it in time is taken for dead, and its intents are settled by others.
 *
 * Nobody is taken for dead by one who could not renew its own: where the database was away, all are late.
 */
import { randomUUID } from 'node:crypto';
import type { Clock } from '../store/clock.ts';
import type { Ask, Postgres } from '../store/postgres.ts';
import { DATABASE_UNFIT } from '../store/postgres-failure.ts';
import { StoreError } from '../store/thread.ts';
import type { OpenIntent } from './log-store.ts';
import type { Intent } from './record.ts';

export interface Lease {
  /** Another one when this instance was taken for dead. */
  id(): string;
  /** Whether nobody can have taken it for dead yet, by this process' own clock. */
  isValid(): boolean;
  /** @throws {StoreError} */
  renew(): Promise<void>;
  /** The intents of instances that ended, or are taken for dead: this one's from now on. @throws {StoreError} */
  takeOver(): Promise<readonly OpenIntent[]>;
  /** Gives it back: what is open is anybody's at once. */
  end(): Promise<void>;
}

export interface LeaseDeps {
  readonly postgres: Postgres;
  readonly clock: Clock;
  /** For whoever looks into the table. */
  readonly name: string;
  readonly leaseMs: number;
}

export function createLease({ postgres, clock, name, leaseMs }: LeaseDeps): Lease {
  let id: string = randomUUID();
  /** By `elapsed`, when the last renewal that succeeded was asked for. */
  let renewed = Number.NEGATIVE_INFINITY;
  /** Since when renewals succeed without a gap in which another could be late as well. */
  let steadySince = Number.NEGATIVE_INFINITY;
  let registered = false;
  let renewing: Promise<void> | undefined;

  /** Of others whose renewal lies in the future, as after the database's clock was set back: which it was, and since when. */
  let ahead = new Map<string, { readonly seen: string; readonly since: number }>();

  const isValid = (): boolean => clock.elapsed() - renewed < leaseMs;

  async function renew(): Promise<void> {
    const asked = clock.elapsed();
    await postgres.transaction(async (ask) => {
      // Lost by a crash of the server it looks older than it is, which is not wrong.
      await ask('SET LOCAL synchronous_commit = off');
      const rows = registered
        ? await ask('UPDATE warden.instance SET seen = clock_timestamp() WHERE id = $1 RETURNING id', [id])
        : [];
      if (rows.length > 0) return;
      registered = false;
      id = randomUUID();
      await ask('INSERT INTO warden.instance VALUES ($1, $2, clock_timestamp())', [id, name]);
    });
    registered = true;
    if (clock.elapsed() - renewed > leaseMs / 2) steadySince = asked;
    renewed = asked;
  }

  /** By this process' own clock: who lives renews in the meantime. */
  async function endAhead(ask: Ask): Promise<void> {
    const rows = await ask<{ id: string; seen: string }>(
      'SELECT id, seen::text AS seen FROM warden.instance WHERE id <> $1 AND seen > clock_timestamp()',
      [id],
    );
    const now = clock.elapsed();
    const before = ahead;
    ahead = new Map();
    for (const { id: other, seen } of rows) {
      const known = before.get(other);
      const since = known?.seen === seen ? known.since : now;
      ahead.set(other, { seen, since });
      if (now - since < leaseMs) continue;
      await ask('DELETE FROM warden.instance WHERE id = $1 AND seen::text = $2', [other, seen]);
    }
  }

  return {
    id: () => id,
    isValid,
    renew() {
      renewing ??= renew().finally(() => {
        renewing = undefined;
      });
      return renewing;
    },
    takeOver: () =>
      postgres.transaction(async (ask) => {
        if ((await ask('SELECT root FROM warden.importing')).length > 0) {
          const sentence =
            'PostgreSQL: the push log is half imported: let warden log import go on to its end';
          throw new StoreError(sentence, DATABASE_UNFIT);
        }
        const steady = isValid() && clock.elapsed() - steadySince >= leaseMs;
        if (steady) {
          await ask(
            `DELETE FROM warden.instance WHERE id <> $1 AND seen < clock_timestamp() - $2 * interval '1 millisecond'`,
            [id, leaseMs],
          );
          await endAhead(ask);
        }
        const gone = 'NOT EXISTS (SELECT FROM warden.instance WHERE instance.id = owner)';
        await ask(`DELETE FROM warden.claim WHERE ${gone}`);
        const rows = await ask<{ id: string; repo: string; reference: string; body: string; at: string }>(
          `UPDATE warden.intent SET owner = $1 WHERE ${gone} AND EXISTS (SELECT FROM warden.instance WHERE instance.id = $1)
           RETURNING id, repo, reference, body, at`,
          [id],
        );
        return rows.map((row) => ({ ...row, body: JSON.parse(row.body) as Intent, at: Number(row.at) }));
      }),
    async end() {
      if (!registered) return;
      await postgres.ask(
        'WITH gone AS (DELETE FROM warden.claim WHERE owner = $1) DELETE FROM warden.instance WHERE id = $1',
        [id],
      );
    },
  };
}
