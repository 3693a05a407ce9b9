/**
 * Limits of guessing, in one place for every secret that somebody could guess.
 *
 * Failures are counted for each address, and for each user at an address; never for a user alone, since then anyone
 * could keep anyone out. Over all they are counted too, for guesses that come from very many addresses: once there are too
 * many, those who have logged in as this user from there before go on, and so does whoever comes from a host that policy
 * names; all others wait. So nobody who works here is kept out by strangers, and strangers share one small number of guesses.
 *
 * A point of the user and of the address is taken before the secret is looked at, so that a burst of guesses cannot be under way all
 * at once, and given back when it was right. The count over all is of failures alone: a fleet that logs in at once is no attack.
 */
import { WardenError } from '../errors.ts';
import { networkOf } from '../policy/address.ts';
import type { Familiar } from '../state/familiar.ts';
import type { Allowance, Limit } from '../state/limits.ts';
import { foldName } from './ldap/names.ts';

export interface GuessLimits {
  readonly byAddress: Limit;
  readonly byUserAndAddress: Limit;
  /** Absent: not counted. */
  readonly overall?: {
    readonly limit: Limit;
    readonly familiar: Familiar;
    /** Whether an address is one of a host of the policy. */
    readonly isHost: (address: string) => boolean;
  };
}

/** One try, by its user and the client's canonical address. */
export interface Guess {
  readonly user: string;
  readonly address: string;
}

export interface GuessGuard {
  /** Before a look at anything. @throws {WardenError} TOO_MANY_REQUESTS with Retry-After. */
  look(guess: Guess): Promise<void>;
  /** Before the secret is checked. @throws {WardenError} TOO_MANY_REQUESTS with Retry-After. */
  take(guess: Guess): Promise<void>;
  /** It was not answered. */
  giveBack(guess: Guess): Promise<void>;
  /** It was right: its points are given back, and from now on this user is familiar there. */
  succeeded(guess: Guess): Promise<void>;
  /** It was wrong. */
  failed(guess: Guess): Promise<void>;
}

/** There is one count over all. */
const ALL = 'all';

export function createGuessGuard({ byAddress, byUserAndAddress, overall }: GuessLimits): GuessGuard {
  const pairOf = ({ user, address }: Guess): string => JSON.stringify([foldName(user), networkOf(address)]);

  /** Of the counts that stand in the way of anyone. */
  const counts = (guess: Guess) => [
    { limit: byAddress, key: networkOf(guess.address) },
    { limit: byUserAndAddress, key: pairOf(guess) },
  ];

  async function giveBack(guess: Guess): Promise<void> {
    await Promise.all(counts(guess).map(({ limit, key }) => limit.giveBack(key)));
  }

  async function isFamiliar(guess: Guess): Promise<boolean> {
    return overall === undefined || overall.isHost(guess.address) || overall.familiar.has(pairOf(guess));
  }

  return {
    async look(guess) {
      const [total, ...own] = await Promise.all([
        overall?.limit.look(ALL) ?? OK,
        ...counts(guess).map(({ limit, key }) => limit.look(key)),
      ]);
      // Asked only where it matters, since it may be a question to Redis.
      requireAllowance(total.ok || (await isFamiliar(guess)) ? own : [total, ...own]);
    },
    async take(guess) {
      requireAllowance(await Promise.all(counts(guess).map(({ limit, key }) => limit.take(key))));
    },
    giveBack,
    async succeeded(guess) {
      await Promise.all([giveBack(guess), overall?.familiar.add(pairOf(guess))]);
    },
    async failed() {
      await overall?.limit.take(ALL);
    },
  };
}

const OK: Allowance = { ok: true };

function requireAllowance(allowances: readonly Allowance[]): void {
  const waits = allowances.flatMap((allowance) => (allowance.ok ? [] : [allowance.retryAfterSeconds]));
  if (waits.length === 0) return;
  throw new WardenError('TOO_MANY_REQUESTS', { headers: { 'Retry-After': String(Math.max(...waits)) } });
}
