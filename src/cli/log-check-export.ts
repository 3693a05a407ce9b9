/** `warden log check-export`: whether the records of an exported file are those of the signed log. */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Command } from 'commander';
import { printable } from '../audit/printable.ts';
import { verifyExport } from '../verify/verify-export.ts';
import { type LogDeps, run, WRONG } from './log-common.ts';
import { collect, type TrustOptions, trustOf } from './log-trust.ts';
import { UsageError } from './server.ts';

export function addCheckExportCommand(log: Command, deps: LogDeps): void {
  log
    .command('check-export')
    .description('whether the records of an export (format=ndjson) are those of the signed log; off line')
    .argument('<file>', 'the export')
    .option('--config <file>', 'the settings, which name the key', deps.defaultConfig)
    .option(
      '--key <vkey>',
      "the log's key, as `warden keys show` prints it; otherwise that of the settings",
      collect,
    )
    .option('--policy <file>', 'whose signatures are wanted: logs, witnesses, quorum')
    .action((file: string, options: TrustOptions) => run(deps, () => check(deps, file, options)));
}

async function check({ io }: LogDeps, file: string, options: TrustOptions): Promise<number> {
  const { logs } = await trustOf(options);
  const input = createReadStream(file);
  const opened = new Promise<void>((resolve, reject) => {
    input.once('open', () => resolve());
    input.once('error', (error: NodeJS.ErrnoException) =>
      reject(new UsageError(`${file} cannot be read: ${error.code}`)),
    );
  });
  await opened;
  try {
    const { checkpoint, proved, unproved } = await verifyExport(createInterface({ input }), logs);
    io.out(printable(`good: ${proved} records of ${checkpoint.origin}, in its tree of ${checkpoint.size}`));
    if (unproved > 0)
      io.out(`${unproved} lines are not proved: no whole records, or newer than the checkpoint`);
    return 0;
  } catch (error) {
    io.err(printable((error as Error).message));
    return WRONG;
  }
}
