/**
 * Reads a large policy without holding up those who are served meanwhile: YAML, schema and warnings are looked at in a thread
 * of its own, four fifths of the work. What decides cannot cross between threads, and is made here of what was
 * found good there.
 */
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import {
  assembleChecked,
  type CheckedPolicy,
  type PolicyText,
  type ReadPolicy,
  readPolicy,
} from './policy-texts.ts';

/** In characters, some hundred rules: below it all is done before a thread has started. */
export const APART_LENGTH = 16_384;

/** The same as `readPolicy`. */
export async function readPolicyApart(texts: readonly PolicyText[]): Promise<ReadPolicy> {
  const length = texts.reduce((sum, { text }) => sum + text.length, 0);
  if (length < APART_LENGTH) return readPolicy(texts);
  const checked = await checkApart(texts);
  // A policy may take rights away: no want of memory for a thread keeps it from deciding.
  if (checked === undefined) return readPolicy(texts);
  return checked.ok ? assembleChecked(checked) : checked;
}

/** @returns undefined where the thread failed. */
function checkApart(
  texts: readonly PolicyText[],
): Promise<CheckedPolicy | Extract<ReadPolicy, { ok: false }> | undefined> {
  const worker = new Worker(new URL(`./policy-thread${extname(import.meta.filename)}`, import.meta.url), {
    workerData: texts,
  });
  return new Promise((resolve) => {
    worker.once('message', resolve);
    worker.once('error', () => resolve(undefined));
    worker.once('exit', () => resolve(undefined));
  });
}
