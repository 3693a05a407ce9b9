/**
 * What was signed last, apart from everything that a backup brings back. A log that is older than what was signed, or
 * another one, is noticed before it signs: two trees of one origin that contradict each other would be the end of what
 * its signatures are worth.
 */
import { z } from 'zod';
import { putFile } from '../store/durable-file.ts';
import { fromBase64, toBase64 } from '../tlog/base64.ts';
import { type OpenedCheckpoint, parseCheckpoint } from '../tlog/checkpoint.ts';
import { EMPTY_ROOT } from '../tlog/hashing.ts';
import { parseNote } from '../tlog/note.ts';
import { formatVkey } from '../tlog/vkey.ts';
import { readIfThere } from './tile-files.ts';

const base64 = z.string().refine((text) => fromBase64(text)?.length === 32, {
  error: 'expected the base64 of 32 bytes',
});

const schema = z.strictObject({
  version: z.literal(1),
  /** The origin that is signed for, and its last tree. */
  current: z.strictObject({
    origin: z.string().min(1),
    size: z.int().min(0),
    root: base64,
    /** Of the keys that signed it, the first before all. */
    keys: z.array(z.string()).min(1),
  }),
  /** The last signed note; absent before the first one. */
  checkpoint: z.string().optional(),
  /** An origin that the operator has allowed to be opened after this one. */
  next: z.string().optional(),
  /** The last notes of origins that came before. */
  former: z.array(z.string()),
});

export type SigningLock = Readonly<z.infer<typeof schema>>;

/**
 * @returns undefined where there is none.
 * @throws {Error} with one sentence where it is none that this release wrote.
 */
export function readSigningLock(file: string): SigningLock | undefined {
  const bytes = readIfThere(file);
  return bytes && parseSigningLock(bytes.toString('utf8'), file);
}

/** @param place where it was read, for the sentence. @throws {Error} with one sentence. */
export function parseSigningLock(text: string, place: string): SigningLock {
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    throw new Error(
      `${place} is not what Warden wrote of its last signature; without it nothing is signed (bring it back, or open a new origin)`,
    );
  }
}

/** Durable when it returns. */
export function writeSigningLock(file: string, lock: SigningLock): void {
  putFile(file, `${JSON.stringify(lock, null, 2)}\n`);
}

/**
 * Lets another origin follow. What was signed for the one before stays, for its record.
 *
 * @param place where the lock is, for sentences.
 * @param after the last note of the origin before, where there is no lock.
 * @throws {Error} with one sentence where there is neither, or the origin was used before.
 */
export function allowNextOrigin(
  lock: SigningLock | undefined,
  place: string,
  origin: string,
  after: string | undefined,
): SigningLock {
  const used = [
    lock?.current.origin,
    ...[after, ...(lock?.former ?? [])].map((note) => note?.split('\n')[0]),
  ];
  if (used.includes(origin)) throw new Error(`${origin} was signed for before: a name is used once`);
  if (lock !== undefined) {
    if (after !== undefined)
      throw new Error(`${place} is there, and says what was signed last: leave --after out`);
    return { ...lock, next: origin };
  }
  const note = after === undefined ? undefined : parseNote(after);
  const read = note?.ok ? parseCheckpoint(note.note.text) : undefined;
  if (after === undefined || !read?.ok)
    throw new Error(`there is no ${place}: give the last checkpoint of the name before with --after`);
  const { checkpoint } = read;
  return {
    version: 1,
    current: {
      origin: checkpoint.origin,
      size: checkpoint.size,
      root: toBase64(checkpoint.root),
      keys: ['unknown'],
    },
    checkpoint: after,
    next: origin,
    former: [],
  };
}

/**
 * Takes a checkpoint for the last one, where the lock was lost, or is older than it.
 *
 * @throws {Error} with one sentence where a later one was signed.
 */
export function adoptCheckpoint(
  lock: SigningLock | undefined,
  place: string,
  { checkpoint, signed }: Extract<OpenedCheckpoint, { ok: true }>,
  note: string,
): SigningLock {
  const { origin, size, root } = checkpoint;
  if (lock !== undefined && (lock.current.origin !== origin || lock.current.size >= size))
    throw new Error(
      `${place} has ${lock.current.origin} at ${lock.current.size} entries; expected a later checkpoint of it`,
    );
  return {
    version: 1,
    current: { origin, size, root: toBase64(root), keys: signed.map(({ key }) => formatVkey(key)) },
    checkpoint: note,
    former: lock?.former ?? [],
  };
}

/** Of a log that was never signed. */
export function emptyLock(origin: string, keys: readonly string[], former: readonly string[]): SigningLock {
  return {
    version: 1,
    current: { origin, size: 0, root: toBase64(EMPTY_ROOT), keys: [...keys] },
    former: [...former],
  };
}
