/** What every part of a running Warden is built from. */
import type { Settings } from '../config/settings.ts';
import { describeProblem, type Problem } from '../config/yaml.ts';
import type { Log } from '../telemetry/log.ts';

export interface Part {
  readonly settings: Settings;
  readonly log: Log;
  readonly version: string;
  /** What closing does, last opened first. */
  readonly endings: AsyncDisposableStack;
}

/** Milliseconds between two looks at files that may change while Warden runs. */
export const WATCH_MS = 2_000;

/** A file that changed for the worse: the last good state goes on, and somebody must look. */
export function reportProblems(log: Log, sentence: string, problems: readonly Problem[]): void {
  log.error({ problems: problems.map(describeProblem) }, sentence);
}
