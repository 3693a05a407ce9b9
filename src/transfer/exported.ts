/** What a folder of an exported log says of itself. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

/** Written last: a folder without it is not whole. */
export const EXPORT_FILE = 'export.json';
export const FORMAT = 'registry-warden-log';

const schema = z.strictObject({
  format: z.literal(FORMAT),
  version: z.literal(1),
  /** How many entries. */
  size: z.int().min(0),
  /** Of the tree over them, in base64. */
  root: z.base64(),
});
export type Exported = Readonly<z.infer<typeof schema>>;

/** @throws {Error} with one sentence. */
export function readExported(folder: string): Exported {
  let text: string;
  try {
    text = readFileSync(join(folder, EXPORT_FILE), 'utf8');
  } catch (error) {
    const { code } = error as { code?: string };
    throw new Error(
      code === 'ENOENT'
        ? `${folder} has no ${EXPORT_FILE}: it is no export, or one that was broken off`
        : `${join(folder, EXPORT_FILE)} cannot be read: ${code}`,
    );
  }
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    throw new Error(
      `${join(folder, EXPORT_FILE)} is not what this release writes: expected format ${FORMAT}, version 1`,
    );
  }
}
