/**
 * What was signed last, apart from everything that a backup brings back. A log that is older than what was signed, or
 * another one, is noticed before it signs: two trees of one origin that contradict each other would be the end of what
 * its signatures are worth.
 */
import { z } from 'zod';
import { putFile } from '../store/durable-file.ts';
import { fromBase64 } from '../tlog/base64.ts';
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
  if (bytes === undefined) return undefined;
  try {
    return schema.parse(JSON.parse(bytes.toString('utf8')));
  } catch {
    throw new Error(
      `${file} is not what Warden wrote of its last signature; without it nothing is signed (bring it back, or open a new origin)`,
    );
  }
}

/** Durable when it returns. */
export function writeSigningLock(file: string, lock: SigningLock): void {
  putFile(file, `${JSON.stringify(lock, null, 2)}\n`);
}
