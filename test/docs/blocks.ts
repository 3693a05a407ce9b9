/** The fenced blocks of a Markdown page. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const ROOT = join(import.meta.dirname, '..', '..');

/**
 * One fenced block. The words behind its language say what the tests do with it:
 *
 * - `file=/path` (`mode=755`): written there.
 * - `run`: run by bash; `fails=N`: must end with N; `needs=program`: left out where that is missing.
 * - `output`: what the run before it printed; `output="command"`: what that command prints.
 * - `checkout`: lines for a checkout, each beginning with a program of ours.
 * - `elsewhere=file`: each line stands in that file too, and is tested there.
 * - `shape=log`: a line of the log.
 */
export interface Block {
  readonly page: string;
  /** Of the opening fence, from 1. */
  readonly line: number;
  readonly language: string;
  readonly words: ReadonlyMap<string, string>;
  /** Without the fence's own indentation. */
  readonly text: string;
}

/** Every Markdown page of the project, relative to its root. */
export function allPages(): string[] {
  return readdirSync(ROOT, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md') && !/(^|\/)(node_modules|var|dist|coverage|\.[^/]+)\//.test(file))
    .sort();
}

export function readPage(page: string): string {
  return readFileSync(join(ROOT, page), 'utf8');
}

export function blocksOf(page: string): Block[] {
  const blocks: Block[] = [];
  let open: { block: Omit<Block, 'text'>; indent: string; lines: string[] } | undefined;
  for (const [at, line] of readPage(page).split('\n').entries()) {
    const [, indent = '', info] = /^( *)```(.*)$/.exec(line) ?? [];
    if (info !== undefined && open === undefined) {
      open = { block: { page, line: at + 1, ...readInfo(info) }, indent, lines: [] };
    } else if (info === '' && open !== undefined) {
      blocks.push({ ...open.block, text: `${open.lines.join('\n')}\n` });
      open = undefined;
    } else if (open !== undefined) {
      const { indent: outer } = open;
      open.lines.push(line.startsWith(outer) ? line.slice(outer.length) : line.trimStart());
    }
  }
  if (open !== undefined) throw new Error(`${page}:${open.block.line}: the fence is not closed`);
  return blocks;
}

/** The page without its fenced blocks, line for line. */
export function proseOf(page: string): string {
  let inside = false;
  return readPage(page)
    .split('\n')
    .map((line) => {
      const fence = /^ *```/.test(line);
      if (fence) inside = !inside;
      return fence || inside ? '' : line;
    })
    .join('\n');
}

function readInfo(info: string): Pick<Block, 'language' | 'words'> {
  const [language = '', ...words] = info.match(/[^\s"]+(?:"[^"]*")?/g) ?? [];
  return {
    language,
    words: new Map(
      words.map((word) => {
        const [, name = word, value = ''] = /^([^=]+)=?"?([^"]*)"?$/.exec(word) ?? [];
        return [name, value];
      }),
    ),
  };
}
