/**
 * What a log sends to a witness: the size that it was last seen at, the proof from there, and its checkpoint.
 *
 * @see https://c2sp.org/tlog-witness
 */
import { fromBase64, toBase64 } from './base64.ts';
import { HASH_SIZE, sha256 } from './hashing.ts';
import { formatSignatureLine, type NoteSignature, parseSignatureLine } from './note.ts';
import { parseSize } from './sizes.ts';

export interface AddCheckpoint {
  readonly old: number;
  readonly proof: readonly Uint8Array[];
  /** The signed note, as it came. */
  readonly checkpoint: string;
}

export type ParsedAddCheckpoint =
  | { readonly ok: true; readonly request: AddCheckpoint }
  | { readonly ok: false; readonly reason: string };

const PROOF_LIMIT = 63;
/** Of a 409 answer, which tells the size that the witness has. */
export const SIZE_TYPE = 'text/x.tlog.size';

export function formatAddCheckpoint({ old, proof, checkpoint }: AddCheckpoint): string {
  return `old ${old}\n${proof.map((hash) => `${toBase64(hash)}\n`).join('')}\n${checkpoint}`;
}

export function parseAddCheckpoint(text: string): ParsedAddCheckpoint {
  const wrong = (reason: string): ParsedAddCheckpoint => ({ ok: false, reason });
  const split = text.indexOf('\n\n');
  if (split < 0) return wrong('expected a line old, the proof, an empty line, and a checkpoint');
  const [first = '', ...lines] = text.slice(0, split).split('\n');
  const old = first.startsWith('old ') ? parseSize(first.slice('old '.length)) : undefined;
  if (old === undefined) return wrong('the first line is not old and a size');
  if (lines.length > PROOF_LIMIT) return wrong(`the proof has more than ${PROOF_LIMIT} hashes`);
  const proof: Uint8Array[] = [];
  for (const line of lines) {
    const hash = fromBase64(line);
    if (hash?.length !== HASH_SIZE) return wrong('a line of the proof is not the base64 of 32 bytes');
    proof.push(hash);
  }
  return { ok: true, request: { old, proof, checkpoint: text.slice(split + 2) } };
}

/** The answer: one line for each of the witness' keys. Undefined where it is something else. */
export function parseCosignatures(text: string): readonly NoteSignature[] | undefined {
  if (!text.endsWith('\n')) return undefined;
  const lines = text.slice(0, -1).split('\n').map(parseSignatureLine);
  return lines.every((line) => line !== undefined) ? lines : undefined;
}

export function formatCosignatures(lines: readonly NoteSignature[]): string {
  return lines.map(formatSignatureLine).join('');
}

/** The name of a log in a witness' addresses: SHA-256 of its origin in hex. */
export function originHash(origin: string): string {
  return Buffer.from(sha256(Buffer.from(origin, 'utf8'))).toString('hex');
}
