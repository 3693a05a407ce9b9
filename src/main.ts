#!/usr/bin/env node
/** The process: arguments, environment, signals, exit. Nothing else touches them. */
import { readFileSync } from 'node:fs';
import { createProgram } from './cli/program.ts';

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

// A reader that has seen enough, as in `warden audit pushes | head`.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

const program = await createProgram(
  {
    version,
    defaultConfig: process.env['WARDEN_CONFIG'] ?? '/etc/registry-warden/warden.yaml',
    stdin: process.stdin,
    columns: process.stdout.columns,
    progress: process.stderr.isTTY ? (text) => process.stderr.write(`\r\u001b[K${text}`) : undefined,
    io: {
      out: (line) => process.stdout.write(`${line}\n`),
      err: (line) => process.stderr.write(`${line}\n`),
    },
    end: (code) => process.exit(code),
    onSignals({ reload, stop }) {
      process.on('SIGHUP', reload);
      process.on('SIGTERM', stop);
      process.on('SIGINT', stop);
    },
    exit(code) {
      // Not process.exit: what was written to a pipe would be cut. A command leaves nothing open that keeps the process.
      process.exitCode = code;
    },
  },
  process.argv[2],
);

await program.parseAsync();
