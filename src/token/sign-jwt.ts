/**
 * Writes a JWT in its compact form. jsonwebtoken checks what is written here, and makes the tokens for the registry; for
 * those of clients, one for each request of a fleet, it would spend on the text more than half of what the signature costs.
 *
 * @see https://www.rfc-editor.org/rfc/rfc7515#section-7.1
 */
import { sign } from 'node:crypto';
import type { SigningKey } from './keys.ts';

/** Bytes of each of the two numbers of a signature on P-256. */
const NUMBER_BYTES = 32;

/** The header `{alg, typ, kid}`, encoded; the same for all tokens of a key. */
export function jwtHeader({ algorithm, kid }: SigningKey): string {
  return encode(JSON.stringify({ alg: algorithm, typ: 'JWT', kid }));
}

/** @param header as `jwtHeader` has it for this key. */
export function signJwt(header: string, claims: object, { algorithm, privateKey }: SigningKey): string {
  const signed = `${header}.${encode(JSON.stringify(claims))}`;
  // Node could give the two numbers itself (`dsaEncoding`), but takes twice the time as soon as a key comes with options.
  const signature = sign('sha256', Buffer.from(signed, 'latin1'), privateKey);
  const bytes = algorithm === 'ES256' ? numbersOf(signature) : signature;
  return `${signed}.${bytes.toString('base64url')}`;
}

function encode(text: string): string {
  return Buffer.from(text).toString('base64url');
}

/**
 * The two numbers of an ECDSA signature behind each other, 32 bytes each, out of OpenSSL's DER: a sequence of two integers,
 * each without zeros in front but one where its first bit is set.
 *
 * @see https://www.rfc-editor.org/rfc/rfc7518#section-3.4
 */
function numbersOf(der: Buffer): Buffer {
  const numbers = Buffer.alloc(2 * NUMBER_BYTES);
  // Behind the tag and the length of the sequence, which is below 128 on P-256, as the integers' are.
  let at = 2;
  for (const end of [NUMBER_BYTES, 2 * NUMBER_BYTES]) {
    const length = der.readUInt8(at + 1);
    const from = at + 2 + Math.max(0, length - NUMBER_BYTES);
    at += 2 + length;
    der.copy(numbers, end - (at - from), from, at);
  }
  return numbers;
}
