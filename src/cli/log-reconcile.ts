/** `warden log reconcile`: the record compared with the registry, by a running server or, where none runs, on the files. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { printable, printableJson } from '../audit/printable.ts';
import { describeProblem } from '../config/yaml.ts';
import { preflight } from '../preflight.ts';
import { type Report, reconcileOffline } from '../reconcile-offline.ts';
import { createLog } from '../telemetry/log.ts';
import { CANNOT_READ, type LogDeps, run, WRONG } from './log-common.ts';
import { actorOfCommand } from './login-files.ts';
import { addServerOptions, openApi, requireNoServer, type ServerOptions } from './server.ts';

interface ReconcileOptions extends ServerOptions {
  readonly config: string;
  readonly json?: true;
}

/** Milliseconds between two questions how far a server is. */
const LOOK_MS = 1_000;

export function addReconcileCommand(log: Command, deps: LogDeps & { readonly version: string }): void {
  addServerOptions(
    log
      .command('reconcile')
      .description(
        'compare the record with the registry, in both directions; ends with 0 if they agree, with 1 if not',
      ),
  )
    .option('--config <file>', 'the settings; for the files, while no Warden writes them', deps.defaultConfig)
    .option('--json', 'the report as one JSON document')
    .action((options: ReconcileOptions) => run(deps, () => reconcile(deps, options)));
}

async function reconcile(
  deps: LogDeps & { readonly version: string },
  options: ReconcileOptions,
): Promise<number> {
  const { io } = deps;
  const report =
    options.url === undefined
      ? await onFiles(deps, options)
      : await byServer(deps, { ...options, url: options.url });
  if (options.json) io.out(printableJson(report));
  else show(deps, report);
  if (report.stopped !== undefined) return CANNOT_READ;
  return report.differences.length > 0 ? WRONG : 0;
}

async function onFiles(
  deps: LogDeps & { readonly version: string },
  options: ReconcileOptions,
): Promise<Report> {
  requireNoServer(options);
  const checked = await preflight(options.config, Date.now());
  if (!checked.ok) throw new Error(checked.problems.map(describeProblem).join('\n'));
  const { loaded } = checked;
  // Standard output is for the report.
  const log = createLog({ level: 'silent' });
  return reconcileOffline({ loaded, log, version: deps.version, by: actorOfCommand() });
}

async function byServer(deps: LogDeps, options: ServerOptions & { readonly url: string }): Promise<Report> {
  const api = await openApi(options, deps.readStdin);
  const ask = async (method: 'GET' | 'POST'): Promise<Report | null> => {
    const { bytes } = await api({ method, path: 'reconciliation', ...(method === 'POST' && { body: {} }) });
    return (JSON.parse(bytes.toString('utf8')) as { report: Report | null }).report;
  };
  await ask('POST');
  for (;;) {
    const report = await ask('GET');
    if (report?.ended !== undefined) return report;
    await sleep(LOOK_MS);
  }
}

function show({ io }: LogDeps, { counts, differences, stopped }: Report): void {
  for (const one of differences) io.out(printable(lineOf(one)));
  const { entries, repositories, tags, manifests, drifted, found, missing, skipped, unreadable } = counts;
  io.err(
    `compared: ${entries} records, ${repositories} repositories, ${tags} tags, ${manifests} manifests; ` +
      `tags that differ: ${drifted}, manifests found: ${found}, missing: ${missing}, unreadable: ${unreadable}, skipped: ${skipped}`,
  );
  if (stopped !== undefined) io.err(printable(`stopped, and goes on from there the next time: ${stopped}`));
}

function lineOf(one: Report['differences'][number]): string {
  if (one.type === 'tag.drift') {
    return `${one.type} ${one.repo}:${one.tag}: on record ${one.expected ?? 'none'}, in the registry ${one.found ?? 'none'}`;
  }
  if (one.type === 'unreadable') return `${one.type} ${one.repo} ${one.reference}`;
  return `${one.type} ${one.repo}${one.tag === undefined ? '' : `:${one.tag}`} ${one.digest}`;
}
