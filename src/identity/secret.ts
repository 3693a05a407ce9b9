/**
 * The secrets of robots and grants: made here, shown once, kept as a hash.
 *
 * A secret is 256 random bits, so nobody finds it from its SHA-256, which costs nothing to check; a slow hash is for passwords
 * that people choose. Its form is fixed and ends in a checksum, so that scanners of source code find one that has leaked and
 * pass over what only looks like one.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { crc32 } from 'node:zlib';

export const SECRET_KINDS = { robot: 'rwr', grant: 'rwg' } as const;
export type SecretKind = keyof typeof SECRET_KINDS;

const BYTES = 32;
/** Letters and digits alone: one double click takes a secret whole. */
const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const SECRET_LENGTH = 43;
const CHECK_LENGTH = 6;

/** `rwr_` or `rwg_`, 43 characters that hold 256 bits, and 6 that hold the CRC-32 of all before them. */
export function makeSecret(kind: SecretKind, random: (bytes: number) => Uint8Array): string {
  const value = BigInt(`0x${Buffer.from(random(BYTES)).toString('hex')}`);
  return withCheck(`${SECRET_KINDS[kind]}_${digitsOf(value, SECRET_LENGTH)}`);
}

/** Whether it has the form of such a secret, with the checksum that belongs to it. */
export function looksLikeSecret(kind: SecretKind, text: string): boolean {
  const length = SECRET_KINDS[kind].length + 1 + SECRET_LENGTH;
  return (
    text.length === length + CHECK_LENGTH &&
    text.startsWith(`${SECRET_KINDS[kind]}_`) &&
    withCheck(text.slice(0, length)) === text
  );
}

/** SHA-256 in hexadecimal digits. */
export function hashSecret(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

/** In the same time wherever the two differ. */
export function isSecret(hash: string, secret: string): boolean {
  return timingSafeEqual(Buffer.from(hash, 'hex'), Buffer.from(hashSecret(secret), 'hex'));
}

function withCheck(text: string): string {
  return text + digitsOf(BigInt(crc32(text)), CHECK_LENGTH);
}

function digitsOf(value: bigint, length: number): string {
  let text = '';
  for (let rest = value; text.length < length; rest /= 62n) text = (DIGITS[Number(rest % 62n)] ?? '') + text;
  return text;
}
