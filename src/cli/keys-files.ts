/** What the commands about keys have in common: how one is described, and what stops them. */
import { access } from 'node:fs/promises';
import type { Problem } from '../config/yaml.ts';
import type { SigningKey } from '../token/keys.ts';

/** What stops a command; shown as it is. */
export type Stopped = readonly Problem[];

export function problem(file: string, message: string): Stopped {
  return [{ file, line: 1, column: 1, message }];
}

export function describeKey({ algorithm, kid }: SigningKey): string {
  return `${algorithm}, kid ${kid}`;
}

export async function exists(file: string): Promise<boolean> {
  try {
    await access(file);
    return true;
  } catch (error) {
    // What is there and cannot be reached is there: nothing is to be made in its place.
    return !['ENOENT', 'ENOTDIR'].includes((error as { code?: string }).code ?? '');
  }
}
