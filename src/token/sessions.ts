/**
 * Refresh tokens: a login that outlasts its token.
 *
 * They are opaque and random, and kept as digests. They do not rotate and are bound to no client, since clients store
 * the first one they get and share their store; what ends one is time, a revocation, and the end of the credential it
 * was begun with.
 *
 * @see https://distribution.github.io/distribution/spec/auth/oauth/
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Via } from '../policy/facts.ts';
import type { Documents, StoredDocument } from '../store/documents.ts';
import type { SessionBinding } from './session-binding.ts';

/** How long sessions last, in milliseconds. */
export interface Lifetimes {
  /** Since the last use. */
  readonly idleMs: number;
  /** Since the start. */
  readonly absoluteMs: number;
}

export interface SessionsOptions extends Lifetimes {
  readonly documents: Documents<SessionBody>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** That many random bytes. */
  readonly random: (bytes: number) => Uint8Array;
  /** Whether a session that was begun at one address may be used at another. */
  readonly binding: SessionBinding;
}

/** What is kept of a session. Times in milliseconds since 1970. */
export interface SessionBody {
  /** SHA-256 of the token, base64url. */
  readonly digest: string;
  readonly service: string;
  /** Fingerprint of what the subject logged in with. */
  readonly credential: string;
  readonly clientId: string;
  readonly startedAt: number;
  readonly startAddress: string;
  readonly usedAt: number;
  readonly useAddress: string;
  /** The robot or grant that it was begun by. */
  readonly via?: Via;
  /** When that ends by itself. */
  readonly notAfter?: number;
  /** Groups that only the login itself told: nobody can be asked for them again. */
  readonly groups?: readonly string[];
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
  readonly via?: Via | undefined;
  /** When the credential ends by itself. Milliseconds since 1970. */
  readonly notAfter?: number | undefined;
  /** What the session keeps of the login, where nobody can be asked for it again. */
  readonly groups?: readonly string[] | undefined;
}

/** A session that a token was used of. */
export interface UsedSession {
  readonly id: string;
  readonly subject: string;
  readonly credential: string;
  /** What its tokens are got by: the session, and the robot or grant that it was begun by. */
  readonly via: Via;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  /** When the credential that it was begun with ends by itself. */
  readonly notAfter: number | undefined;
  readonly groups: readonly string[] | undefined;
}

/** A session as it is shown: nothing of its token. Times in milliseconds since 1970. */
export interface SessionRow {
  readonly id: string;
  readonly subject: string;
  readonly service: string;
  readonly clientId: string;
  readonly startedAt: number;
  readonly startAddress: string;
  readonly usedAt: number;
  readonly useAddress: string;
  /** The robot or grant that it was begun by. */
  readonly via?: Via;
}

export interface Sessions {
  /** @returns the token, which is kept nowhere. @throws {StoreError} when it cannot be made durable. */
  start(start: SessionStart): Promise<{ readonly token: string; readonly id: string }>;
  /**
   * The session of a token, or undefined for any token that is not good here: unknown, expired, revoked, of another
   * service; `elsewhere` for one that is good at another address alone. Whoever asks must still see whether the
   * credential is the subject's.
   *
   * @throws {StoreError} when the storage cannot be read.
   */
  use(token: string, service: string, address: string): Promise<UsedSession | 'elsewhere' | undefined>;
  /** The session of a token of whatever service, without using it: for its end. */
  find(token: string): Promise<SessionRow | undefined>;
  get(id: string): Promise<SessionRow | undefined>;
  /** @returns whether there was such a session. */
  revoke(id: string): Promise<boolean>;
  /** Those that were begun until then, in milliseconds since 1970; all unless told. @returns how many there were. */
  revokeSubject(subject: string, until?: number): Promise<number>;
  /** Those of one robot, by its id or name, or of one grant by its id. @returns how many there were. */
  revokeVia(kind: 'robot' | 'grant', id: string, until?: number): Promise<number>;
  /** Takes away what has expired. @returns how many. */
  purge(): Promise<number>;
  /** Newest use first; of one subject, or all. */
  list(subject?: string): Promise<readonly SessionRow[]>;
}

type Stored = StoredDocument<SessionBody>;

/** The kind of the documents. */
export const SESSION_KIND = 'session';
const ID_BYTES = 12;
const SECRET_BYTES = 32;
const TOKEN = /^wrt_([A-Za-z0-9_-]{16})\.[A-Za-z0-9_-]{43}$/;
const CLIENT_ID_LENGTH = 64;
/** More than a person or a build system has machines; beyond it the one longest unused ends. */
const SUBJECT_LIMIT = 1000;
/** The last use is written down no more often, so that a busy client costs no disk. */
const TOUCH_EVERY_MS = 60_000;

/** When a session ends by time, as far as it is not used again. */
export function sessionEnd(
  body: Pick<SessionBody, 'startedAt' | 'usedAt' | 'notAfter'>,
  lifetimes: Lifetimes,
): number {
  const { startedAt, usedAt, notAfter = Infinity } = body;
  return Math.min(startedAt + lifetimes.absoluteMs, usedAt + lifetimes.idleMs, notAfter);
}

export function createSessions(options: SessionsOptions): Sessions {
  const { documents, now, random, binding } = options;
  const text = (bytes: number): string => Buffer.from(random(bytes)).toString('base64url');

  /** Whatever service it is for, and wherever it is used. */
  async function find(token: string): Promise<Stored | undefined> {
    const id = TOKEN.exec(token)?.[1];
    const found = id === undefined ? undefined : await documents.get(id);
    if (found === undefined || now() >= sessionEnd(found.body, options)) return undefined;
    // Both are SHA-256 digests: of one length, and known to us only.
    const kept = Buffer.from(found.body.digest, 'base64url');
    return timingSafeEqual(kept, digestOf(token)) ? found : undefined;
  }

  function touch({ id, version, body }: Stored, address: string): void {
    const at = now();
    if (at - body.usedAt < TOUCH_EVERY_MS) return;
    const used = { ...body, usedAt: at, useAddress: address };
    // Nobody waits for it. Pulls go on when the disk is full; the session then ends by idleness a little early.
    documents
      .replace(id, version, { expiresAt: sessionEnd(used, options), body: used })
      .catch(() => undefined);
  }

  /** Of a subject: a storm of logins costs one look at all its sessions, not one each. */
  const counting = new Map<string, Promise<void>>();

  function endSurplus(subject: string): Promise<void> {
    const running = counting.get(subject);
    if (running !== undefined) return running;
    const started = endSurplusOf(subject).finally(() => counting.delete(subject));
    counting.set(subject, started);
    return started;
  }

  async function endSurplusOf(subject: string): Promise<void> {
    const all = [...(await documents.list({ subject }))];
    const surplus = all.sort(newestFirst).slice(SUBJECT_LIMIT);
    await Promise.all(surplus.map(({ id }) => documents.remove(id)));
  }

  async function revokeThose(list: readonly Stored[], until: number): Promise<number> {
    const begun = list.filter(({ body }) => body.startedAt <= until);
    const removed = await Promise.all(begun.map(({ id }) => documents.remove(id)));
    return removed.filter(Boolean).length;
  }

  return {
    async start({ subject, service, credential, address, clientId, via, notAfter, groups }) {
      const id = text(ID_BYTES);
      const token = `wrt_${id}.${text(SECRET_BYTES)}`;
      const at = now();
      const body: SessionBody = {
        digest: digestOf(token).toString('base64url'),
        service,
        credential,
        clientId: clientId.replace(/[^\x20-\x7e]/g, '?').slice(0, CLIENT_ID_LENGTH),
        startedAt: at,
        startAddress: address,
        usedAt: at,
        useAddress: address,
        ...(via && { via }),
        ...(notAfter !== undefined && { notAfter }),
        ...(groups && { groups }),
      };
      await documents.create({ id, subject, expiresAt: sessionEnd(body, options), body });
      await endSurplus(subject);
      return { token, id };
    },
    async use(token, service, address) {
      const found = await find(token);
      if (found === undefined || found.body.service !== service) return undefined;
      const { id, subject, body } = found;
      if (!binding(body.startAddress, address)) return 'elsewhere';
      touch(found, address);
      const { credential, startedAt, via, notAfter, groups } = body;
      return { id, subject, credential, via: { ...via, session: id }, startedAt, notAfter, groups };
    },
    async find(token) {
      const found = await find(token);
      return found && rowOf(found);
    },
    async get(id) {
      const found = await documents.get(id);
      return found && rowOf(found);
    },
    revoke: (id) => documents.remove(id),
    revokeSubject: async (subject, until = Infinity) => revokeThose(await documents.list({ subject }), until),
    async revokeVia(kind, id, until = Infinity) {
      const all = await documents.list();
      const named = ({ subject, body: { via } }: Stored): boolean =>
        via?.[kind] === id || (kind === 'robot' && via?.robot !== undefined && subject === id);
      return revokeThose(all.filter(named), until);
    },
    purge: () => documents.removeExpired(now()),
    async list(subject) {
      const found = await documents.list(subject === undefined ? {} : { subject });
      const live = found.filter(({ body }) => now() < sessionEnd(body, options));
      return live.sort(newestFirst).map(rowOf);
    },
  };
}

function newestFirst(one: Stored, other: Stored): number {
  return other.body.usedAt - one.body.usedAt || (one.id < other.id ? -1 : 1);
}

function rowOf({ id, subject, body }: Stored): SessionRow {
  const { service, clientId, startedAt, startAddress, usedAt, useAddress, via } = body;
  const row = { id, subject, service, clientId, startedAt, startAddress, usedAt, useAddress };
  return { ...row, ...(via && { via }) };
}

/** The token has 256 random bits: a plain digest of it cannot be guessed back. */
function digestOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
