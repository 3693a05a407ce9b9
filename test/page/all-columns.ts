/** Every column of the list of records, as the page keeps the choice of them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const SOURCE = join(import.meta.dirname, '..', '..', 'src', 'page', 'screens', 'record-columns.tsx');

export const ALL_COLUMNS: readonly string[] = [
  ...readFileSync(SOURCE, 'utf8').matchAll(/^\s*(?:\{ )?word: '(column\.[a-z]+)'/gm),
].map(([, word = '']) => word);
