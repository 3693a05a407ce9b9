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

/** @returns undefined where no page was built: a checkout in which nobody has run the build. */
export function readPageFiles(folder: string): PageFiles | undefined {
  let names: readonly string[];
  try {
    names = readdirSync(folder);
  } catch {
    return undefined;
  }
  const files = new Map<string, PageFile>();
  for (const name of names) {
    const type = TYPES[extname(name)];
    if (type !== undefined)
      files.set(name, readPageFile(join(folder, name), type, NAMED_BY_CONTENT.test(name)));
  }
  return files.has(INDEX) ? files : undefined;
}

/** @throws where a compressed form is missing: the folder is no whole build. */
function readPageFile(file: string, type: string, immutable: boolean): PageFile {
  const bytes = readFileSync(file);
  const etag = `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`;
  const bodies = { '': bytes, br: readFileSync(`${file}.br`), gzip: readFileSync(`${file}.gz`) };
  return { type, immutable, etag, bodies };
}
