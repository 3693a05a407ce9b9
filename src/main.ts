#!/usr/bin/env node
/** The process: arguments, environment, signals, exit. Nothing else touches them. */
import { readFileSync } from 'node:fs';
import { createProgram } from './cli/program.ts';

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

const program = createProgram({
  version,
  defaultConfig: process.env['WARDEN_CONFIG'] ?? '/etc/registry-warden/warden.yaml',
  io: {
    out: (line) => process.stdout.write(`${line}\n`),
    err: (line) => process.stderr.write(`${line}\n`),
  },
  onSignals({ reload, stop }) {
    process.on('SIGHUP', reload);
    process.on('SIGTERM', stop);
    process.on('SIGINT', stop);
  },
  exit(code) {
    process.exitCode = code;
    // What is still open after a stop holds nothing that is needed.
    if (code === 0 || code === 1) process.exit(code);
  },
});

await program.parseAsync();
