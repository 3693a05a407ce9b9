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

async function whileStoppable<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const ending = new AbortController();
  const names = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;
  let told: (typeof names)[number] | undefined;
  const listeners = names.map((name) => {
    const listener = (): void => {
      told ??= name;
      ending.abort(name);
    };
    process.on(name, listener);
    return [name, listener] as const;
  });
  try {
    return await work(ending.signal);
  } catch (error) {
    if (told === undefined) throw error;
    process.stderr.write(`${(error as Error).message}\n`);
    for (const [name, listener] of listeners) process.off(name, listener);
    // With the handlers gone it ends this process as if nobody had listened, which is what its parent is to see.
    process.kill(process.pid, told);
    return await new Promise<never>(() => undefined);
  } finally {
    for (const [name, listener] of listeners) process.off(name, listener);
  }
}

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
    whileStoppable,
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
