/**
 * The files of the page as they were built, in memory: there are three, each as it is and compressed, and they never change
 * while Warden runs.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';

export interface PageFile {
  readonly type: string;
  /** By content coding; '' is the file as it is. */
  readonly bodies: Readonly<Record<'' | 'br' | 'gzip', Buffer>>;
  readonly etag: string;
  /** Its name holds a digest of its content. */
  readonly immutable: boolean;
}

/** By name. */
export type PageFiles = ReadonlyMap<string, PageFile>;

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
};
const NAMED_BY_CONTENT = /^page-[0-9a-f]{16}\./;

export const INDEX = 'index.html';

/** @returns undefined where no page was built, or not with its compressed forms: a checkout in which nobody has run the build. */
export function readPageFiles(folder: string): PageFiles | undefined {
  const files = new Map<string, PageFile>();
  try {
    for (const name of readdirSync(folder)) {
      const type = TYPES[extname(name)];
      if (type !== undefined)
        files.set(name, readPageFile(join(folder, name), type, NAMED_BY_CONTENT.test(name)));
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  return files.has(INDEX) ? files : undefined;
}

function readPageFile(file: string, type: string, immutable: boolean): PageFile {
  const bytes = readFileSync(file);
  const etag = `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`;
  const bodies = { '': bytes, br: readFileSync(`${file}.br`), gzip: readFileSync(`${file}.gz`) };
  return { type, immutable, etag, bodies };
}
