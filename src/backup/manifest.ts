/** What stands in a backup's backup.json: every file with its digest, and which log it is. */
import { z } from 'zod';

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

const manifest = z.strictObject({
  format: z.literal('registry-warden-backup'),
  version: z.literal(1),
  /** RFC 3339, UTC: when it was begun. */
  made: z.string(),
  /** The release that made it. */
  warden: z.string(),
  /** Absent where the log is not in the data folder. */
  log: z
    .strictObject({
      size: z.int().min(0),
      /** The root of the Merkle tree over its entries (RFC 9162, section 2.1), in hex. */
      root: sha256,
    })
    .optional(),
  /** Relative names with `/`, in order. */
  files: z.array(z.strictObject({ name: z.string(), bytes: z.int().min(0), sha256 })),
});

export type Manifest = z.infer<typeof manifest>;

/** @returns undefined for anything else. */
export function parseManifest(text: string): Manifest | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const parsed = manifest.safeParse(value);
  if (!parsed.success) return undefined;
  return parsed.data.files.every(({ name }) => isInside(name)) ? parsed.data : undefined;
}

/** A backup may have lain where others could write: no name leads out of it. */
function isInside(name: string): boolean {
  return name
    .split('/')
    .every((part) => part !== '' && part !== '.' && part !== '..' && !part.includes('\0'));
}
