/**
 * The public keys of one issuer, kept and renewed.
 *
 * Nobody waits for the issuer while there are keys that fit: they are renewed beside. Where it does not answer, the last
 * good ones go on for a day, so that its failure stops no build at once, and a key that it took back does not live for ever.
 */
import { createLocalJWKSet, errors, type FlattenedJWSInput, type JWSHeaderParameters } from 'jose';
import { IssuerProblem } from './ask-issuer.ts';
import type { KeySource } from './key-source.ts';

/** All in milliseconds. */
export interface KeyTimes {
  /** Keys older than this are renewed. */
  readonly renewMs: number;
  /** Keys older than this are not used any more. */
  readonly keepMs: number;
  /** Least time between two questions to the issuer because of tokens that name a key it has not shown. */
  readonly pauseMs: number;
}

export const KEY_TIMES: KeyTimes = { renewMs: 5 * 60_000, keepMs: 24 * 3_600_000, pauseMs: 2_000 };

export interface IssuerKeysOptions {
  readonly source: KeySource;
  /** Milliseconds; only differences are used. */
  readonly now: () => number;
  readonly times?: KeyTimes;
  /** Told when the keys cannot be had, once until they can again. */
  readonly onProblem: (why: string) => void;
  readonly onRecovered: () => void;
}

type LocalKeys = ReturnType<typeof createLocalJWKSet>;
type Key = Awaited<ReturnType<LocalKeys>>;

export interface IssuerKeys {
  /**
   * The key for a token's header.
   *
   * @throws {IssuerProblem} when no keys can be had, or the issuer could not be asked for one that is not among them.
   * @throws {errors.JOSEError} when none fits, or more than one does.
   */
  find(header: JWSHeaderParameters, token: FlattenedJWSInput): Promise<Key>;
  /** Renews the keys when it is time to. Never rejects. */
  tick(): Promise<void>;
  /** Whether the issuer could not be asked the last time. */
  failing(): boolean;
}

export function createIssuerKeys(options: IssuerKeysOptions): IssuerKeys {
  const { source, now, times = KEY_TIMES, onProblem, onRecovered } = options;
  let good: { readonly keys: LocalKeys; readonly at: number } | undefined;
  /** When the issuer was last asked, and what was wrong then. */
  let askedAt = Number.NEGATIVE_INFINITY;
  let problem: IssuerProblem | undefined;
  let asking: Promise<void> | undefined;

  async function renew(): Promise<void> {
    askedAt = now();
    try {
      good = { keys: createLocalJWKSet(await source()), at: now() };
      if (problem !== undefined) onRecovered();
      problem = undefined;
    } catch (error) {
      const found =
        error instanceof IssuerProblem
          ? error
          : new IssuerProblem((error as Error).message, { cause: error });
      if (problem === undefined) onProblem(found.message);
      problem = found;
    }
  }

  /** One question at a time, whoever needs it. */
  function ask(): Promise<void> {
    asking ??= renew().finally(() => {
      asking = undefined;
    });
    return asking;
  }

  const pauseIsOver = (): boolean => now() - askedAt >= times.pauseMs;
  function usable(): LocalKeys | undefined {
    return good !== undefined && now() - good.at < times.keepMs ? good.keys : undefined;
  }

  return {
    async find(header, token) {
      if (usable() === undefined && (asking !== undefined || pauseIsOver())) await ask();
      const keys = usable();
      if (keys === undefined) throw problem ?? new IssuerProblem('the issuer has not been asked yet');
      try {
        return await keys(header, token);
      } catch (error) {
        if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
        // A new key, perhaps. Whoever makes kids up has the issuer asked no more often than this.
        if (asking === undefined && !pauseIsOver()) throw problem ?? error;
        await ask();
        if (problem !== undefined) throw problem;
        return await (usable() ?? keys)(header, token);
      }
    },
    async tick() {
      const due = good === undefined || problem !== undefined || now() - good.at >= times.renewMs;
      if (due) await ask();
    },
    failing: () => problem !== undefined,
  };
}
