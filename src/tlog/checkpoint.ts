/**
 * What a log says of itself: that its tree of so many entries has this root.
 *
 * @see https://c2sp.org/tlog-checkpoint
 */
import { fromBase64, toBase64 } from './base64.ts';
import { EMPTY_ROOT, HASH_SIZE, sameHash } from './hashing.ts';
import { type Note, openNote, parseNote, type VerifiedSignature } from './note.ts';
import { isSize, parseSize } from './sizes.ts';
import type { VerifierKey } from './vkey.ts';

export interface Tree {
  readonly size: number;
  readonly root: Uint8Array;
}

export interface Checkpoint extends Tree {
  readonly origin: string;
}

export type ParsedCheckpoint =
  | { readonly ok: true; readonly checkpoint: Checkpoint }
  | { readonly ok: false; readonly reason: string };

/** The text that is signed. */
export function formatCheckpoint({ origin, size, root }: Checkpoint): string {
  if (!isSize(size) || root.length !== HASH_SIZE || origin === '' || origin.includes('\n'))
    throw new RangeError('a checkpoint has an origin of one line, a size, and a root of 32 bytes');
  return `${origin}\n${size}\n${toBase64(root)}\n`;
}

/** Reads the text of a note. Further lines are let pass, and mean nothing here. */
export function parseCheckpoint(text: string): ParsedCheckpoint {
  const wrong = (reason: string): ParsedCheckpoint => ({ ok: false, reason: `not a checkpoint: ${reason}` });
  const lines = text.split('\n');
  if (lines.pop() !== '') return wrong('its text ends without a line end');
  if (lines.length < 3 || lines.includes(''))
    return wrong('expected an origin, a size and a root, a line each');
  const [origin = '', decimal = '', base64 = ''] = lines;
  const size = parseSize(decimal);
  if (size === undefined) return wrong('its second line is not a size');
  const root = fromBase64(base64);
  if (root?.length !== HASH_SIZE) return wrong('its third line is not the base64 of 32 bytes');
  if (size === 0 && !sameHash(root, EMPTY_ROOT))
    return wrong('its tree is empty, and the root is not of one');
  return { ok: true, checkpoint: { origin, size, root } };
}

export type OpenedCheckpoint =
  | {
      readonly ok: true;
      readonly checkpoint: Checkpoint;
      readonly note: Note;
      /** By the log's keys. */
      readonly signed: readonly VerifiedSignature[];
      /** By the witnesses' keys. */
      readonly cosigned: readonly VerifiedSignature[];
    }
  | { readonly ok: false; readonly reason: string };

/**
 * Believes a checkpoint that a key of the log has signed, whose name is its origin.
 *
 * @param logs keys of type 1. @param witnesses keys of type 4; which of them signed is told, not judged.
 */
export function openCheckpoint(
  bytes: Uint8Array | string,
  logs: readonly VerifierKey[],
  witnesses: readonly VerifierKey[] = [],
): OpenedCheckpoint {
  const parsed = parseNote(bytes);
  if (!parsed.ok) return parsed;
  const read = parseCheckpoint(parsed.note.text);
  if (!read.ok) return read;
  const { origin } = read.checkpoint;
  const own = logs.filter((key) => key.name === origin);
  if (own.length === 0)
    return { ok: false, reason: `the checkpoint is of ${origin}, and no key of that log was given` };
  const opened = openNote(parsed.note, [...own, ...witnesses]);
  if (!opened.ok) return opened;
  const signed = opened.verified.filter(({ key }) => own.includes(key));
  if (signed.length === 0)
    return { ok: false, reason: `no key of the log ${origin} has signed the checkpoint` };
  const cosigned = opened.verified.filter(({ key }) => witnesses.includes(key));
  return { ok: true, checkpoint: read.checkpoint, note: parsed.note, signed, cosigned };
}
