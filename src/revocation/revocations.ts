/**
 * The copy in memory of all that is revoked, and how old it is.
 *
 * What one source knows and another does not is given to the other: so a Redis that lost its data, an instance that was
 * away, and a command that worked on the files alone all come to the same list.
 */
import {
  includes,
  type Revocable,
  type Revocation,
  type RevokedKind,
  revocationKey,
  widest,
} from './revocation.ts';

/** Where revocations are kept beyond this process. */
export interface RevocationSource {
  /** For people: `the store`, `Redis`. */
  readonly name: string;
  /** All there are; undefined where nothing changed since the last answer. Rejects where the source does not answer. */
  read(): Promise<readonly Revocation[] | undefined>;
  /** Durable when fulfilled, as far as the source is. */
  add(revocation: Revocation): Promise<void>;
  removeExpired(now: number): Promise<void>;
}

export interface RevocationsOptions {
  /** Kept here first, and durable when `revoke` is fulfilled. */
  readonly store: RevocationSource;
  readonly shared?: RevocationSource | undefined;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Milliseconds that are never set back. */
  readonly monotonic: () => number;
  /** Told of each revocation that this process did not know, its own included. */
  readonly onLearned?: (revocation: Revocation) => void;
  /** Told when a source fails, and when it answers again. */
  readonly onSource?: (source: string, failed: unknown) => void;
}

export interface Revocations {
  readonly revokes: (token: Revocable) => boolean;
  /** Whether something begun then by this subject, robot or session is revoked. In milliseconds since 1970. */
  readonly revokesLogin: (
    login: Omit<Revocable, 'jti' | 'authenticatedAt'> & { readonly at: number },
  ) => boolean;
  /**
   * In force here at once, durable when fulfilled, and with the other instances as soon as the shared source has it.
   * Rejects when it cannot be made durable; it is in force here until this process ends all the same.
   */
  revoke(revocation: Revocation): Promise<void>;
  /** In milliseconds: how long ago the source that answered longest ago was asked for what it then answered. */
  readonly ageMs: () => number;
  /** The source with that age. */
  readonly oldest: () => string;
  /** Looks at every source now. Never rejects. */
  refresh(): Promise<void>;
}

export function createRevocations(options: RevocationsOptions): Revocations {
  const { store, shared, now, monotonic, onLearned, onSource } = options;
  const sources = shared === undefined ? [store] : [store, shared];
  const known = new Map<string, Revocation>();
  /** By `monotonic`: what has expired by a clock that jumped ahead is still known when the clock comes back. */
  const forgottenAt = new Map<string, number>();
  /** What each source is known to have. */
  const kept = new Map(sources.map((source) => [source, new Map<string, Revocation>()]));
  /** By `monotonic`: when the question was put that was last answered. */
  const answered = new Map<RevocationSource, number>();
  const failing = new Set<RevocationSource>();
  const reading = new Map<RevocationSource, Promise<void>>();

  function learn(revocation: Revocation): void {
    const key = revocationKey(revocation);
    const before = known.get(key);
    if (includes(before, revocation)) return;
    const both = widest(revocation, before);
    known.set(key, both);
    forgottenAt.set(key, monotonic() + both.expiresAt - now());
    onLearned?.(revocation);
  }

  function tell(source: RevocationSource, error: unknown): void {
    const failed = error !== undefined;
    if (failing.has(source) === failed) return;
    if (failed) failing.add(source);
    else failing.delete(source);
    onSource?.(source.name, error);
  }

  async function readFrom(source: RevocationSource): Promise<void> {
    const asked = monotonic();
    try {
      const list = await source.read();
      if (list !== undefined) {
        kept.set(source, new Map(list.map((one) => [revocationKey(one), one])));
        for (const one of list) if (one.expiresAt > now()) learn(one);
      }
      answered.set(source, asked);
      await complete(source);
      tell(source, undefined);
    } catch (error) {
      tell(source, error);
    }
  }

  /** Gives a source what it lacks. */
  async function complete(source: RevocationSource): Promise<void> {
    const has = kept.get(source);
    const lacking = [...known].filter(([key, one]) => one.expiresAt > now() && !includes(has?.get(key), one));
    for (const [key, one] of lacking) {
      await source.add(one);
      has?.set(key, widest(one, has.get(key)));
    }
  }

  /** One look at a time, so that one which hangs does not gather others behind it. */
  function look(source: RevocationSource): Promise<void> {
    const running = reading.get(source);
    if (running !== undefined) return running;
    const started = readFrom(source).finally(() => reading.delete(source));
    reading.set(source, started);
    return started;
  }

  function forgetExpired(): void {
    for (const [key, { expiresAt }] of known) {
      if (expiresAt > now() || (forgottenAt.get(key) ?? 0) > monotonic()) continue;
      known.delete(key);
      forgottenAt.delete(key);
    }
  }

  /** @param at in milliseconds since 1970; undefined where only what is revoked for good counts. */
  function isRevoked(kind: RevokedKind, id: string | undefined, at: number): boolean {
    if (id === undefined || id === '') return false;
    const found = known.get(revocationKey({ kind, id }));
    if (found === undefined || found.expiresAt <= now()) return false;
    return found.until === undefined || at <= found.until;
  }

  const revokesLogin: Revocations['revokesLogin'] = ({ subject, via, at }) =>
    isRevoked('subject', subject.name, at) ||
    isRevoked('robot', via.robot, at) ||
    isRevoked('robot', via.robot === undefined ? undefined : subject.name, at) ||
    isRevoked('grant', via.grant, at) ||
    isRevoked('session', via.session, at);

  const askedAt = (source: RevocationSource): number => answered.get(source) ?? Number.NEGATIVE_INFINITY;
  const oldestSource = (): RevocationSource =>
    sources.reduce((oldest, source) => (askedAt(source) < askedAt(oldest) ? source : oldest));

  return {
    revokes: (token) =>
      known.size > 0 &&
      (isRevoked('token', token.jti, 0) || revokesLogin({ ...token, at: token.authenticatedAt * 1000 })),
    revokesLogin,
    async revoke(revocation) {
      learn(revocation);
      await store.add(revocation);
      // Best effort: where it does not answer now, the next look gives it what it lacks.
      await shared?.add(revocation).catch(() => undefined);
    },
    ageMs: () => monotonic() - askedAt(oldestSource()),
    oldest: () => oldestSource().name,
    async refresh() {
      forgetExpired();
      await Promise.all(sources.map(look));
    },
  };
}
