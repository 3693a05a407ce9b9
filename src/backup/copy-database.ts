/** Copies one SQLite file while others write it, and looks at a copy. */
import { closeSync, openSync } from 'node:fs';
import { backup, DatabaseSync } from 'node:sqlite';
import { failureSentence } from '../store/failure-sentence.ts';
import { syncFile } from './files.ts';

/** Pages in one step: all of them. Between steps each foreign write would make it begin anew, without end. */
const ALL_PAGES = 2_147_483_647;
const TIMEOUT_MS = 10_000;

/**
 * The copy is the file as it was at one moment, and is one file without a write-ahead log beside it.
 *
 * @throws {Error} with one sentence that names the file.
 */
export async function copyDatabase(from: string, to: string): Promise<void> {
  closeSync(openSync(to, 'wx', 0o600));
  let source: DatabaseSync | undefined;
  try {
    source = new DatabaseSync(from, { readOnly: true, timeout: TIMEOUT_MS });
    await backup(source, to, { rate: ALL_PAGES });
    const copy = new DatabaseSync(to);
    copy.exec('PRAGMA journal_mode=DELETE');
    copy.close();
    syncFile(to);
  } catch (error) {
    throw new Error(failureSentence(`${from} cannot be copied`, error));
  } finally {
    source?.close();
  }
}

/** @throws {Error} with one sentence that names the file, when its content is damaged. */
export function requireSound(file: string): void {
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(file, { readOnly: true, timeout: TIMEOUT_MS });
    const said = String(db.prepare('PRAGMA integrity_check(1)').get()?.['integrity_check']);
    if (said !== 'ok') throw new Error(`its content is damaged: ${said.split('\n')[0]}`);
  } catch (error) {
    throw new Error(failureSentence(file, error));
  } finally {
    db?.close();
  }
}
