/** `warden log …`: the signed tree of the record: verified, proved, and what an operator does with its name. */
import { join } from 'node:path';
import type { Command } from 'commander';
import { printable } from '../audit/printable.ts';
import type { Settings } from '../config/settings.ts';
import { parseSize } from '../tlog/sizes.ts';
import { findRecord } from '../transparency/find-record.ts';
import { proveFromFiles, readPublished } from '../transparency/prove-from-files.ts';
import { addArchiveCommand } from './log-archive.ts';
import { addCheckExportCommand } from './log-check-export.ts';
import { addCheckProofCommand } from './log-check-proof.ts';
import { type LogDeps, run, settingsOf, TLOG_FOLDER } from './log-common.ts';
import { addOriginCommands } from './log-origin.ts';
import { addReconcileCommand } from './log-reconcile.ts';
import { addTransferCommands } from './log-transfer.ts';
import { addVerifyCommand } from './log-verify.ts';
import { openLogOf } from './open-log.ts';
import { addServerOptions, openApi, requireNoServer, type ServerOptions, UsageError } from './server.ts';

interface FileOptions extends ServerOptions {
  readonly config: string;
}

/** Adds `log` with its commands to a program. */
export function addLogCommands(program: Command, deps: LogDeps & { readonly version: string }): void {
  const log = program.command('log').description('the signed tree of the record');
  const config = (command: Command): Command =>
    command.option('--config <file>', 'the settings, which say where the log is', deps.defaultConfig);
  addVerifyCommand(log, deps);
  addReconcileCommand(log, deps);
  addTransferCommands(log, deps);
  addCheckExportCommand(log, deps);
  addOriginCommands(log, deps);
  addArchiveCommand(log, deps);
  config(addServerOptions(log.command('checkpoint').description('the newest signed checkpoint')))
    .option('--cosigned', 'the newest that enough witnesses cosigned')
    .action((options: FileOptions & { cosigned?: true }) => run(deps, () => checkpoint(deps, options)));
  config(addServerOptions(log.command('proof').description('a file that proves that a record is in the log')))
    .option('--index <number>', 'the record, by its index')
    .option('--id <id>', 'the record, by its id')
    .action((options: FileOptions & { index?: string; id?: string }) =>
      run(deps, () => proof(deps, options)),
    );
  addCheckProofCommand(log, deps);
}

async function checkpoint(deps: LogDeps, options: FileOptions & { cosigned?: true }): Promise<number> {
  const cosigned = options.cosigned === true;
  if (options.url !== undefined) {
    const api = await openApi({ ...options, url: options.url }, deps.readStdin);
    const { bytes } = await api({ method: 'GET', path: `log/checkpoint${cosigned ? '.cosigned' : ''}` });
    deps.io.out(plainLines(bytes));
    return 0;
  }
  requireNoServer(options);
  const { data } = await settingsOf(options.config);
  deps.io.out(readPublished(join(data, TLOG_FOLDER), cosigned).replace(/\n$/, ''));
  return 0;
}

async function proof(deps: LogDeps, options: FileOptions & { index?: string; id?: string }): Promise<number> {
  const { index, id } = options;
  if ((index === undefined) === (id === undefined)) throw new UsageError('give --index or --id, one of them');
  const number = index === undefined ? undefined : parseSize(index);
  if (index !== undefined && number === undefined) throw new UsageError('--index is not a number');
  if (options.url !== undefined) {
    const api = await openApi({ ...options, url: options.url }, deps.readStdin);
    const query: Record<string, string> = id === undefined ? { index: String(number) } : { id };
    const { bytes } = await api({ method: 'GET', path: 'log/proof', query });
    deps.io.out(plainLines(bytes));
    return 0;
  }
  requireNoServer(options);
  const settings = await settingsOf(options.config);
  const at = number ?? (await indexOf(settings, id ?? ''));
  const proved = proveFromFiles(join(settings.data, TLOG_FOLDER), at);
  if (proved === undefined) throw new Error(`record ${at} is not in the signed tree`);
  deps.io.out(proved.replace(/\n$/, ''));
  return 0;
}

async function indexOf(settings: Settings, id: string): Promise<number> {
  const reader = await openLogOf(settings);
  try {
    const found = await findRecord(reader, id);
    if (found === undefined) throw new Error(`no record has the id ${id}`);
    return found.index;
  } finally {
    await reader.close();
  }
}

/**
 * A checkpoint or proof of a server, which may be another than one believes, for a terminal or a file.
 *
 * @throws {Error} where it holds what a terminal would obey.
 */
function plainLines(bytes: Buffer): string {
  const text = bytes.toString('utf8').replace(/\n$/, '');
  if (text.split('\n').some((line) => printable(line) !== line))
    throw new Error('the answer is not what Registry Warden gives: it holds control characters');
  return text;
}
