/**
 * A sign-in under way, kept by the browser that began it: a text that nobody else can read, make or change. So any number of
 * them costs no memory, and any instance with the same keys can go on with one.
 */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import type { Secrets } from './issuer-client.ts';

export interface Begun {
  /** The name of the issuer. */
  readonly issuer: string;
  readonly secrets: Secrets;
  /** Within the page. */
  readonly returnTo: string;
  /** Milliseconds since 1970. */
  readonly until: number;
  /** The token of the session that the browser had, which must not be left behind. */
  readonly before?: string;
}

export interface SignInSeals {
  seal(begun: Begun): string;
  /** @returns undefined for what is not ours. Whether it is in time, the caller sees. */
  open(text: string): Begun | undefined;
}

const CIPHER = 'aes-256-gcm';
const KEY_BYTES = 32;
const IV_BYTES = 12;
const TAG_BYTES = 16;
/** Browsers keep cookies of 4096 bytes. */
const FORM = /^[A-Za-z0-9_-]{1,4000}$/;

/** @param keys of this moment: the first seals, all open, so that a sign-in outlasts a change of keys. */
export function createSignInSeals(keys: () => readonly [Uint8Array, ...Uint8Array[]]): SignInSeals {
  return {
    seal(begun) {
      // Twelve random bytes are enough for 2^32 of them under one key (NIST SP 800-38D section 8.3).
      const iv = randomBytes(IV_BYTES);
      const cipher = createCipheriv(CIPHER, purposeKey(keys()[0]), iv, { authTagLength: TAG_BYTES });
      const text = Buffer.concat([cipher.update(JSON.stringify(begun), 'utf8'), cipher.final()]);
      return Buffer.concat([iv, text, cipher.getAuthTag()]).toString('base64url');
    },
    open(text) {
      if (!FORM.test(text)) return undefined;
      const bytes = Buffer.from(text, 'base64url');
      if (bytes.length <= IV_BYTES + TAG_BYTES) return undefined;
      for (const key of keys()) {
        const opened = decipher(key, bytes);
        // Under our key, so of our making.
        if (opened !== undefined) return JSON.parse(opened) as Begun;
      }
      return undefined;
    },
  };
}

function decipher(key: Uint8Array, bytes: Buffer): string | undefined {
  const decipher = createDecipheriv(CIPHER, purposeKey(key), bytes.subarray(0, IV_BYTES), {
    authTagLength: TAG_BYTES,
  });
  decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
  try {
    const text = decipher.update(bytes.subarray(IV_BYTES, -TAG_BYTES));
    return Buffer.concat([text, decipher.final()]).toString('utf8');
  } catch {
    return undefined;
  }
}

/** A key for this purpose alone. */
function purposeKey(key: Uint8Array): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', key, '', 'registry-warden sign-in v1', KEY_BYTES));
}
