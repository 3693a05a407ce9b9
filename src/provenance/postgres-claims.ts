/**
 * Keeps the instances from each other's tags, from the look at a tag until its record is written: so `tag.from` is what
 * the record before says, whoever wrote that.
 *
 * A claim spares work that would be in vain. That nothing is written without one is seen to where intents are written,
 * in the same transaction.
 */
import type { Clock } from '../store/clock.ts';
import type { Postgres } from '../store/postgres.ts';
import type { Claims } from './log-store.ts';
import { RecordBusy } from './record-errors.ts';

export interface PostgresClaims extends Claims {
  /** Gives back what could not be given back when it should have been. @throws {StoreError} */
  tidy(): Promise<void>;
}

export interface ClaimsDeps {
  readonly postgres: Postgres;
  readonly clock: Clock;
  /** The id of this instance's lease. */
  owner(): string;
  /** How long others are waited for, in milliseconds. */
  readonly waitMs: number;
}

interface Claim {
  readonly repo: string;
  /** '' for the whole repository. */
  readonly reference: string;
  readonly owner: string;
}

const FIRST_PAUSE_MS = 20;
const LONGEST_PAUSE_MS = 250;

export function createPostgresClaims({ postgres, clock, owner, waitMs }: ClaimsDeps): PostgresClaims {
  const owed = new Set<Claim>();

  async function give(claim: Claim): Promise<void> {
    owed.add(claim);
    await postgres.ask('DELETE FROM warden.claim WHERE repo = $1 AND reference = $2 AND owner = $3', [
      claim.repo,
      claim.reference,
      claim.owner,
    ]);
    owed.delete(claim);
  }

  return {
    async acquire(repo, reference, signal) {
      let claim: Claim = { repo, reference: reference ?? '', owner: owner() };
      const until = clock.elapsed() + waitMs;
      try {
        for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
          // It is another when this instance was taken for dead, and its claims with it.
          if (claim.owner !== owner()) claim = { ...claim, owner: owner() };
          const taken = claim;
          const [row] = await postgres.ask<{ said: string }>('SELECT warden.claim($1, $2, $3) AS said', [
            claim.owner,
            repo,
            claim.reference,
          ]);
          if (row?.said === 'yes') return () => give(taken).catch(() => undefined);
          if (clock.elapsed() >= until || signal?.aborted) throw new RecordBusy(repo, reference);
          // Not in step with others who wait for the same.
          await clock.sleep(pause * (0.5 + Math.random()), signal);
        }
      } catch (error) {
        // It may be ours without our knowing, or wait for a repository.
        void give(claim).catch(() => undefined);
        throw error;
      }
    },
    async tidy() {
      for (const claim of [...owed]) await give(claim);
    },
  };
}
