/** Blocks of a page that show what a program printed. With `UPDATE_DOCS=1` they are written anew and not compared. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import { type Block, ROOT, readPage } from './blocks.ts';

export function compareOrUpdate({ page, text }: Block, now: string): void {
  if (process.env['UPDATE_DOCS'] !== '1') {
    expect(text).toBe(now);
    return;
  }
  // A function, since what is printed may hold what a replacement text would take for a reference.
  writeFileSync(
    join(ROOT, page),
    readPage(page).replace(`\n${text}\`\`\``, () => `\n${now}\`\`\``),
  );
}
