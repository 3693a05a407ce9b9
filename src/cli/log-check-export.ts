/** `warden log check-export`: whether the records of an exported file are those of the signed log. */
import { createReadStream } from 'node:fs';
import type { Command } from 'commander';
import { printable } from '../audit/printable.ts';
import { verifyExport } from '../verify/verify-export.ts';
import { type LogDeps, run, WRONG } from './log-common.ts';
import { collect, type TrustOptions, trustOf } from './log-trust.ts';
import { UsageError } from './server.ts';

const LINE_FEED = 0x0a;

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
    .option('--allow-unproved', 'lines without a proof are expected: of an export for part of the record')
    .action((file: string, options: CheckOptions) => run(deps, () => check(deps, file, options)));
}

interface CheckOptions extends TrustOptions {
  readonly allowUnproved?: true;
}

async function check({ io }: LogDeps, file: string, options: CheckOptions): Promise<number> {
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
    const { checkpoint, proved, unproved } = await verifyExport(linesOf(input), logs);
    const found = `${proved} records of ${checkpoint.origin}, in its tree of ${checkpoint.size}`;
    const lines = `${unproved} lines are not proved: no whole records, or newer than the checkpoint`;
    if (unproved > 0 && options.allowUnproved === undefined) {
      io.err(printable(`not all is proved: ${found}; ${lines} (--allow-unproved takes that for good)`));
      return WRONG;
    }
    io.out(printable(`good: ${found}`));
    if (unproved > 0) io.out(lines);
    return 0;
  } catch (error) {
    io.err(printable((error as Error).message));
    return WRONG;
  }
}

/**
 * Ends of lines are line feeds alone: JSON has none of them in a text, but does hold the other signs that readline would
 * take for an end, such as U+2028.
 */
async function* linesOf(input: AsyncIterable<Buffer>): AsyncGenerator<string> {
  let parts: Buffer[] = [];
  for await (const chunk of input) {
    let from = 0;
    for (let at = chunk.indexOf(LINE_FEED); at >= 0; at = chunk.indexOf(LINE_FEED, from)) {
      yield Buffer.concat([...parts, chunk.subarray(from, at)]).toString('utf8');
      parts = [];
      from = at + 1;
    }
    parts.push(chunk.subarray(from));
  }
  if (parts.some(({ length }) => length > 0)) yield Buffer.concat(parts).toString('utf8');
}
