/** `warden policy versions`: the policies that were in force, and when; one of them as its files were written. */
import type { Command } from 'commander';
import { printable, printableJson } from '../audit/printable.ts';
import { loadSettings } from '../config/settings.ts';
import { describeProblem } from '../config/yaml.ts';
import type { PolicyHistory, PolicyPeriod } from '../history/policy-history.ts';
import { openHistoryOf } from './open-record.ts';
import type { PolicyDeps } from './policy-deps.ts';
import { textTable } from './text-table.ts';

/** Of the process: bad usage or settings, and a history that cannot be read. */
const BAD_USAGE = 2;
const CANNOT_READ = 3;

interface VersionsOptions {
  readonly config?: string;
  readonly show?: string;
  readonly json?: true;
}

export function addPolicyVersions(policy: Command, deps: PolicyDeps): void {
  policy
    .command('versions')
    .description('the policies that were in force, newest first')
    .option('--show <digest>', 'the files of one of them, as they were written; 7 hex digits are enough')
    .option('--json', 'one JSON document')
    .option('--config <file>', 'the settings, which say where the history is', deps.defaultConfig)
    .action(async (options: VersionsOptions) => {
      deps.exit(await answer(options, deps));
    });
}

/** @returns the status to end with. */
async function answer(
  { config, show, json }: VersionsOptions,
  { io, defaultConfig, columns }: PolicyDeps,
): Promise<number> {
  const loaded = await loadSettings(config ?? defaultConfig);
  if (!loaded.ok) {
    for (const problem of loaded.problems) io.err(describeProblem(problem));
    return BAD_USAGE;
  }
  let history: PolicyHistory | undefined;
  try {
    history = await openHistoryOf(loaded.settings);
    if (show !== undefined) {
      const found = await history.version(show);
      if (!found.ok) {
        io.err(printable(found.reason));
        return BAD_USAGE;
      }
      if (json) io.out(printableJson(found.version));
      else for (const { file, text } of found.version.texts) io.out(`# --- ${file}\n${shown(text)}`);
      return 0;
    }
    const periods = [...(await history.periods())].reverse();
    if (json) io.out(printableJson({ items: periods.map(written) }));
    else if (periods.length === 0) io.err('no policy is kept yet: `warden serve` keeps each that it takes');
    else for (const line of tableOf(periods, columns)) io.out(line);
    return 0;
  } catch (error) {
    io.err(printable((error as Error).message));
    return CANNOT_READ;
  } finally {
    await history?.close();
  }
}

function written({ digest, from, until }: PolicyPeriod): unknown {
  return { digest, from: iso(from), ...(until !== undefined && { until: iso(until) }) };
}

function tableOf(periods: readonly PolicyPeriod[], columns: number | undefined): readonly string[] {
  const rows = periods.map(({ digest, from, until }) => [
    short(iso(from)),
    until === undefined ? '' : short(iso(until)),
    digest,
  ]);
  return textTable(['FROM (UTC)', 'UNTIL (UTC)', 'POLICY'], rows, columns);
}

/** Line by line: a file may hold anything in its comments. */
function shown(text: string): string {
  return text.trimEnd().split(/\r?\n/).map(printable).join('\n');
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}

/** To the second: the milliseconds are in the JSON. */
function short(time: string): string {
  return time.slice(0, 19).replace('T', ' ');
}
