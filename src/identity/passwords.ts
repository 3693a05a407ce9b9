/**
 * Passwords against bcrypt hashes, off the event loop and in a lane of bounded width and length.
 *
 * bcrypt reads 72 bytes and ignores the rest, so a longer password is replaced by the base64 of its SHA-384. Shorter
 * ones go in as they are, so that hashes made by `htpasswd -B` can be taken over.
 */
import { createHash, randomInt } from 'node:crypto';
import { genSaltSync, hash, parseOptions, verify } from '@node-rs/bcrypt';
import { WardenError } from '../errors.ts';
import { createLane } from './lane.ts';
import { createRemembered } from './remembered.ts';

export interface PasswordsOptions {
  /** Milliseconds, monotonic or not: only differences are used. */
  readonly now: () => number;
  /** How long a password that was right is not hashed again. 0: it always is. */
  readonly rememberSeconds?: number;
  /** How many right passwords are remembered. */
  readonly rememberLimit?: number;
  /** Hashes computed at the same time. libuv has four threads by default, and files and names need some. */
  readonly width?: number;
  /** Hashes that may wait; beyond that a login is refused with OVERLOADED. */
  readonly waiting?: number;
  /** Of new hashes: 2^cost rounds. */
  readonly cost?: number;
}

export interface PasswordQuestion {
  readonly user: string;
  readonly password: string;
  /** The stored hash; undefined for a user that does not exist. */
  readonly stored: string | undefined;
  /** The highest cost of any stored hash: what the answer for a user that does not exist costs. */
  readonly highestCost: number;
}

export interface Passwords {
  /** @throws {WardenError} OVERLOADED. @throws {RangeError} for an empty password or one with a NUL. */
  hash(password: string): Promise<string>;
  /**
   * Whether the password is the user's. False, at the same price, for a user that does not exist.
   *
   * @throws {WardenError} OVERLOADED when too many are waiting.
   */
  check(question: PasswordQuestion): Promise<boolean>;
  /** Whether the same question was answered with yes not long ago. Costs nothing; a no says nothing. */
  remembers(question: Omit<PasswordQuestion, 'highestCost'>): boolean;
  /** All are hashed again. */
  forget(): void;
  /**
   * The name of a question for as long as the process lives: equal for equal (user, hash, password), telling nothing
   * of them to whoever has not the key.
   */
  keyOf(question: Omit<PasswordQuestion, 'highestCost'>): string;
}

/** Where bcrypt stops to read. */
const BCRYPT_BYTES = 72;
export const DEFAULT_COST = 12;
const BCRYPT_ALPHABET = './ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

export function createPasswords(options: PasswordsOptions): Passwords {
  const { now, rememberSeconds = 60, rememberLimit = 10_000, cost = DEFAULT_COST } = options;
  const lane = createLane({ width: options.width ?? 2, waiting: options.waiting ?? 64 });
  const remembered = createRemembered({ now, forMs: rememberSeconds * 1000, limit: rememberLimit });
  const dummies = new Map<number, string>();

  function keyOf({ user, password, stored }: Omit<PasswordQuestion, 'highestCost'>): string {
    return remembered.nameOf([user, stored ?? null, password]);
  }

  function dummyOf(dummyCost: number): string {
    const known = dummies.get(dummyCost);
    if (known !== undefined) return known;
    const made = makeDummy(dummyCost);
    dummies.set(dummyCost, made);
    return made;
  }

  async function inLane<T>(work: () => Promise<T>): Promise<T> {
    const place = lane.enter(work);
    if (!place) throw new WardenError('OVERLOADED', { headers: { 'Retry-After': '5' } });
    return await place;
  }

  return {
    async hash(password) {
      const bytes = toBcrypt(password);
      if (!bytes) throw new RangeError('a password is not empty and holds no NUL');
      return await inLane(() => hash(bytes, { cost }));
    },
    async check(question) {
      const { password, stored, highestCost } = question;
      const bytes = toBcrypt(password);
      const right = await inLane(async () => {
        const tried = bytes ?? 'refused';
        if (stored !== undefined && (await verify(tried, stored)) && bytes !== undefined) return true;
        // A hash that was taken over may be a cheap one: its user must not be told by a quick no.
        if (stored === undefined || costOf(stored) < highestCost) await verify(tried, dummyOf(highestCost));
        return false;
      });
      if (right) remembered.add(keyOf(question));
      return right;
    },
    // A lookup by MAC under a key that never leaves the process: time tells nothing that helps to guess.
    remembers: (question) => question.stored !== undefined && remembered.has(keyOf(question)),
    keyOf,
    forget: () => remembered.clear(),
  };
}

/** The cost of a stored hash. @throws {RangeError} for what is no bcrypt hash. */
export function costOf(stored: string): number {
  return parseOptions(stored).cost;
}

/** What bcrypt is given for a password; undefined for one that is never right: empty, or with a NUL (C programs stop there). */
function toBcrypt(password: string): Uint8Array | undefined {
  if (password === '' || password.includes('\0')) return undefined;
  const bytes = Buffer.from(password, 'utf8');
  if (bytes.length <= BCRYPT_BYTES) return bytes;
  return Buffer.from(createHash('sha384').update(bytes).digest('base64'), 'ascii');
}

/**
 * A hash that takes as long to check as a real one, of no password that anyone knows.
 *
 * Its 31 characters hold 184 bits and two that are zero. With others there the verifier would see at once that it is no
 * hash, and answer in no time: whoever measures would learn which users exist.
 */
function makeDummy(cost: number): string {
  const tail = Array.from({ length: 30 }, () => BCRYPT_ALPHABET[randomInt(64)]).join('');
  return genSaltSync({ cost, version: '2b' }) + tail + BCRYPT_ALPHABET[4 * randomInt(16)];
}
