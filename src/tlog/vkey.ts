/**
 * Public keys of logs and witnesses as text: `<name>+<8 hex digits>+<base64(type ‖ key)>`.
 *
 * @see https://c2sp.org/signed-note, "Verifier keys"
 */
import { createPublicKey, type KeyObject } from 'node:crypto';
import { fromBase64, toBase64 } from './base64.ts';
import { sha256 } from './hashing.ts';

/** What a signature is over. 1: the text, Ed25519. 4: the text and a time, a witness' Ed25519 cosignature. */
export type SignatureType = 0x01 | 0x04;

export interface VerifierKey {
  readonly name: string;
  readonly type: SignatureType;
  /** The first four bytes of a hash over name, type and key: tells keys of one name apart, and secures nothing. */
  readonly id: Uint8Array;
  readonly publicKey: KeyObject;
}

export type ParsedVkey =
  | { readonly ok: true; readonly key: VerifierKey }
  | { readonly ok: false; readonly reason: string };

/** Of the DER form of an Ed25519 public key, before its 32 bytes: RFC 8410 section 4. */
const SPKI_HEAD = Buffer.from('302a300506032b6570032100', 'hex');
const KEY_SIZE = 32;

/** Names stand between blanks and before a plus. */
export function isKeyName(name: string): boolean {
  return name !== '' && name.isWellFormed() && !/[\p{White_Space}+]|\p{Cc}/u.test(name);
}

/** @param publicKey Ed25519. */
export function verifierKey(name: string, type: SignatureType, publicKey: KeyObject): VerifierKey {
  if (!isKeyName(name)) throw new RangeError('the name of a key has no blanks and no plus, and is not empty');
  return { name, type, id: keyId(name, type, rawKey(publicKey)), publicKey };
}

export function formatVkey({ name, type, id, publicKey }: VerifierKey): string {
  return `${name}+${Buffer.from(id).toString('hex')}+${toBase64(Buffer.concat([Uint8Array.of(type), rawKey(publicKey)]))}`;
}

/** @param types the kinds of key that are of use here. */
export function parseVkey(text: string, types: readonly SignatureType[]): ParsedVkey {
  const wrong = (reason: string): ParsedVkey => ({ ok: false, reason });
  const [, name = '', id = '', base64 = ''] = /^([^+]*)\+([0-9a-f]{8})\+(.*)$/s.exec(text) ?? [];
  const bytes = fromBase64(base64);
  if (!isKeyName(name) || bytes === undefined || bytes.length < 2)
    return wrong('expected a key as <name>+<8 hex digits>+<base64>');
  const type = types.find((one) => one === bytes[0]);
  if (type === undefined) {
    const wanted = types.map((one) => `${one} (${one === 1 ? 'Ed25519' : 'cosignatures'})`).join(' or ');
    return wrong(`the key of ${name} is of type ${bytes[0]}; expected ${wanted}`);
  }
  const raw = bytes.subarray(1);
  if (raw.length !== KEY_SIZE)
    return wrong(`the key of ${name} has ${raw.length} bytes; expected ${KEY_SIZE} of Ed25519`);
  const computed = keyId(name, type, raw);
  if (Buffer.from(computed).toString('hex') !== id)
    return wrong(`the digits ${id} are not those of this name and key`);
  const publicKey = createPublicKey({ key: Buffer.concat([SPKI_HEAD, raw]), format: 'der', type: 'spki' });
  return { ok: true, key: { name, type, id: computed, publicKey } };
}

/** Whether both would verify the same lines. */
export function sameKey(a: VerifierKey, b: VerifierKey): boolean {
  return formatVkey(a) === formatVkey(b);
}

function keyId(name: string, type: SignatureType, raw: Uint8Array): Uint8Array {
  return sha256(Buffer.concat([Buffer.from(`${name}\n`, 'utf8'), Uint8Array.of(type), raw])).subarray(0, 4);
}

function rawKey(publicKey: KeyObject): Uint8Array {
  const der = publicKey.export({ format: 'der', type: 'spki' });
  if (publicKey.asymmetricKeyType !== 'ed25519') throw new RangeError('the key is not one of Ed25519');
  return der.subarray(SPKI_HEAD.length);
}
