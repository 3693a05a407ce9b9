/** What the commands on the log have in common. */
import { readFile } from 'node:fs/promises';
import { printable } from '../audit/printable.ts';
import { loadSettings, type Settings } from '../config/settings.ts';
import { describeProblem } from '../config/yaml.ts';
import type { Io } from './io.ts';
import { UsageError } from './server.ts';

export interface LogDeps {
  readonly io: Io;
  readonly defaultConfig: string;
  readonly readStdin: () => Promise<string>;
  readonly exit: (code: number) => void;
}

/** Of the process: wrong is what was looked at; bad usage; what could not be read. */
export const WRONG = 1;
export const BAD_USAGE = 2;
export const CANNOT_READ = 3;

/** Of the data folder. */
export const TLOG_FOLDER = 'tlog';

/** Ends with the status of `work`, or with a sentence. */
export async function run(deps: LogDeps, work: () => Promise<number>): Promise<void> {
  try {
    deps.exit(await work());
  } catch (error) {
    deps.io.err(printable((error as { message?: string }).message ?? String(error)));
    deps.exit(error instanceof UsageError ? BAD_USAGE : CANNOT_READ);
  }
}

/** @throws with what is wrong in them. */
export async function settingsOf(file: string): Promise<Settings> {
  const loaded = await loadSettings(file);
  if (!loaded.ok) throw new Error(loaded.problems.map(describeProblem).join('\n'));
  return loaded.settings;
}

/** @throws {UsageError} where it cannot be read. */
export async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new UsageError(`${file} cannot be read: ${(error as { code?: string }).code}`);
  }
}
