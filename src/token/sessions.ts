/**
 * Refresh tokens: a login that outlasts its token.
 *
 * They are opaque and random, and kept as digests. They do not rotate and are bound to no client, since clients store
 * the first one they get and share their store; what ends one is time, a revocation, and the end of the credential it
 * was begun with.
 *
 * @see https://distribution.github.io/distribution/spec/auth/oauth/
 */
import { createHash } from 'node:crypto';
import { startThread, type Thread } from '../store/thread.ts';
import type {
  Lifetimes,
  NewSession,
  SessionRow,
  SessionsFileOptions,
  UsedSession,
} from './sessions-thread.ts';

export type { SessionRow, UsedSession } from './sessions-thread.ts';

export interface SessionsOptions extends Lifetimes {
  /** Runs sessions-thread. */
  readonly thread: Thread;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** That many random bytes. */
  readonly random: (bytes: number) => Uint8Array;
}

export interface SessionStart {
  readonly subject: string;
  readonly service: string;
  /** Fingerprint of what the subject logged in with: the caller compares it at each use. */
  readonly credential: string;
  /** Canonical. */
  readonly address: string;
  /** What the client calls itself. A hint for people, nothing more. */
  readonly clientId: string;
}

export interface Sessions {
  /** @returns the token, which is kept nowhere. @throws {StoreError} when it cannot be made durable. */
  start(start: SessionStart): Promise<string>;
  /**
   * The session of a token, or undefined for any token that is not good here: unknown, expired, revoked, of another
   * service. Whoever asks must still see whether the credential is the subject's.
   *
   * @throws {StoreError} when the file cannot be read.
   */
  use(token: string, service: string, address: string): Promise<UsedSession | undefined>;
  /** @returns whether there was such a session. */
  revoke(id: string): Promise<boolean>;
  /** @returns how many there were. */
  revokeSubject(subject: string): Promise<number>;
  /** Takes away what has expired. @returns how many. */
  purge(): Promise<number>;
  /** Newest use first; of one subject, or all. */
  list(subject?: string): Promise<readonly SessionRow[]>;
}

const ID_BYTES = 12;
const SECRET_BYTES = 32;
const TOKEN = /^wrt_([A-Za-z0-9_-]{16})\.[A-Za-z0-9_-]{43}$/;
const CLIENT_ID_LENGTH = 64;

/** Opens the file in a thread of its own. @throws {StoreError} with one sentence when it cannot be opened. */
export function startSessionsThread(options: SessionsFileOptions): Promise<Thread> {
  return startThread(new URL('./sessions-thread', import.meta.url), options);
}

export function createSessions(options: SessionsOptions): Sessions {
  const { thread, now, random, idleMs, absoluteMs } = options;
  const lifetimes: Lifetimes = { idleMs, absoluteMs };
  const text = (bytes: number): string => Buffer.from(random(bytes)).toString('base64url');

  return {
    async start({ clientId, ...start }) {
      const id = text(ID_BYTES);
      const token = `wrt_${id}.${text(SECRET_BYTES)}`;
      const shown = clientId.replace(/[^\x20-\x7e]/g, '?').slice(0, CLIENT_ID_LENGTH);
      const session: NewSession = { ...start, id, digest: digestOf(token), clientId: shown, now: now() };
      await thread.call('start', { session, lifetimes });
      return token;
    },
    async use(token, service, address) {
      const id = TOKEN.exec(token)?.[1];
      if (id === undefined) return undefined;
      const question = { id, digest: digestOf(token), service, address, now: now(), lifetimes };
      return (await thread.call<UsedSession | null>('use', question)) ?? undefined;
    },
    revoke: (id) => thread.call<boolean>('revoke', id),
    revokeSubject: (subject) => thread.call<number>('revokeSubject', subject),
    purge: () => thread.call<number>('purge', { now: now(), ...lifetimes }),
    list: (subject) => thread.call<SessionRow[]>('list', subject ?? null),
  };
}

/** The token has 256 random bits: a plain digest of it cannot be guessed back. */
function digestOf(token: string): Uint8Array {
  return createHash('sha256').update(token).digest();
}
