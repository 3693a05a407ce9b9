/**
 * Text that is signed by one or more keys.
 *
 * @see https://c2sp.org/signed-note
 */
import { type KeyObject, sign, verify } from 'node:crypto';
import { fromBase64, toBase64 } from './base64.ts';
import { isKeyName, type VerifierKey } from './vkey.ts';

export interface NoteSignature {
  readonly name: string;
  /** Of the key. */
  readonly id: Uint8Array;
  readonly signature: Uint8Array;
}

export interface Note {
  /** With its last line end. */
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

export type ParsedNote =
  | { readonly ok: true; readonly note: Note }
  | { readonly ok: false; readonly reason: string };

/** In bytes. */
const NOTE_LIMIT = 1_000_000;
const SIGNATURE_LIMIT = 100;
const ID_SIZE = 4;
const TIME_SIZE = 8;

const LINE = /^— (\S+) (\S+)$/;

/** Reads without believing: no signature is looked at. */
export function parseNote(bytes: Uint8Array | string): ParsedNote {
  const wrong = (reason: string): ParsedNote => ({ ok: false, reason: `not a signed note: ${reason}` });
  if (bytes.length > NOTE_LIMIT) return wrong(`it is longer than ${NOTE_LIMIT} bytes`);
  const message = typeof bytes === 'string' ? bytes : decodeUtf8(bytes);
  if (message === undefined || !message.isWellFormed()) return wrong('it is not UTF-8');
  // Those below U+0020 but for the line end.
  if ([...message].some((char) => char < ' ' && char !== '\n')) return wrong('it has control characters');
  const split = message.lastIndexOf('\n\n');
  if (split < 0 || !message.endsWith('\n'))
    return wrong('expected text, an empty line, and lines of signatures');
  const text = message.slice(0, split + 1);
  const lines = message
    .slice(split + 2)
    .split('\n')
    .slice(0, -1);
  if (lines.length === 0) return wrong('there is no signature');
  if (lines.length > SIGNATURE_LIMIT) return wrong(`there are more than ${SIGNATURE_LIMIT} signatures`);
  const signatures: NoteSignature[] = [];
  for (const line of lines) {
    const signature = parseSignatureLine(line);
    if (signature === undefined) return wrong('a line of signatures is not — <name> <base64>');
    signatures.push(signature);
  }
  return { ok: true, note: { text, signatures } };
}

/** One line without its end; undefined where it is none. */
export function parseSignatureLine(line: string): NoteSignature | undefined {
  const [, name = '', base64 = ''] = LINE.exec(line) ?? [];
  const bytes = fromBase64(base64);
  if (!isKeyName(name) || bytes === undefined || bytes.length <= ID_SIZE) return undefined;
  return { name, id: bytes.subarray(0, ID_SIZE), signature: bytes.subarray(ID_SIZE) };
}

/** With its line end. */
export function formatSignatureLine({ name, id, signature }: NoteSignature): string {
  return `— ${name} ${toBase64(Buffer.concat([id, signature]))}\n`;
}

export function formatNote({ text, signatures }: Note): string {
  return `${text}\n${signatures.map(formatSignatureLine).join('')}`;
}

/** A signature of one of the keys that were given. `time`: of a cosignature, POSIX seconds. */
export interface VerifiedSignature {
  readonly key: VerifierKey;
  readonly line: NoteSignature;
  readonly time?: number;
}

export type OpenedNote =
  | {
      readonly ok: true;
      readonly text: string;
      /** One for each key at most, in the order of the note. */
      readonly verified: readonly VerifiedSignature[];
    }
  | { readonly ok: false; readonly reason: string };

/**
 * Takes the signatures of known keys and leaves out all others. A signature of a known key that is wrong spoils the
 * note, and so does the lack of any.
 */
export function openNote(note: Note, keys: readonly VerifierKey[]): OpenedNote {
  const verified: VerifiedSignature[] = [];
  for (const line of note.signatures) {
    const key = keys.find((one) => one.name === line.name && Buffer.compare(one.id, line.id) === 0);
    if (key === undefined || verified.some((one) => one.key === key)) continue;
    const checked = verifySignature(key, note.text, line);
    if (checked === undefined) return { ok: false, reason: `the signature of ${key.name} is wrong` };
    verified.push(checked);
  }
  if (verified.length === 0) return { ok: false, reason: 'none of the keys that were asked for has signed' };
  return { ok: true, text: note.text, verified };
}

/** Undefined where it does not hold. */
export function verifySignature(
  key: VerifierKey,
  text: string,
  line: NoteSignature,
): VerifiedSignature | undefined {
  if (key.type === 0x01) {
    return verify(null, Buffer.from(text, 'utf8'), key.publicKey, line.signature) ? { key, line } : undefined;
  }
  const bytes = Buffer.from(line.signature);
  if (bytes.length <= TIME_SIZE) return undefined;
  const time = bytes.readBigUInt64BE();
  if (time > BigInt(Number.MAX_SAFE_INTEGER)) return undefined;
  const message = cosignedMessage(Number(time), text);
  if (!verify(null, message, key.publicKey, bytes.subarray(TIME_SIZE))) return undefined;
  return { key, line, time: Number(time) };
}

/** @param privateKey Ed25519, of `key` with type 1. */
export function signText(key: VerifierKey, privateKey: KeyObject, text: string): NoteSignature {
  return { name: key.name, id: key.id, signature: sign(null, Buffer.from(text, 'utf8'), privateKey) };
}

/**
 * What a witness says: at that time this was the largest tree of its origin that it had seen, and it went on from all before.
 *
 * @param time POSIX seconds.
 * @see https://c2sp.org/tlog-cosignature
 */
export function cosignText(
  key: VerifierKey,
  privateKey: KeyObject,
  text: string,
  time: number,
): NoteSignature {
  const stamp = Buffer.alloc(TIME_SIZE);
  stamp.writeBigUInt64BE(BigInt(time));
  const signature = sign(null, cosignedMessage(time, text), privateKey);
  return { name: key.name, id: key.id, signature: Buffer.concat([stamp, signature]) };
}

function cosignedMessage(time: number, text: string): Uint8Array {
  return Buffer.from(`cosignature/v1\ntime ${time}\n${text}`, 'utf8');
}

function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
