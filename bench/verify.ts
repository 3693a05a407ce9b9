/**
 * Measures `warden log verify` as it is run: a signed log of records that fit together is made, then the command itself
 * verifies it, where it lies and as an export: `node bench/verify.ts --help`.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { LOG_FILE, openForWriting } from '../src/provenance/log-thread.ts';
import { openSqliteLogReader } from '../src/provenance/sqlite-log.ts';
import { transaction } from '../src/store/transaction.ts';
import { formatVkey } from '../src/tlog/vkey.ts';
import { exportLog } from '../src/transfer/export-log.ts';
import { fittingLeaves } from './fitting-leaves.ts';
import { ORIGIN, signLog } from './signed-log.ts';

const HELP = `node bench/verify.ts [options]
  --records N      how many (default 1000000)
  --folder DIR     where the log is made, or is already (of an earlier run); kept (default: a new one, removed at the end)
  --rounds N       how often each is verified, of which the fastest counts (default 3)
  --smoke          only shows that everything works, in seconds
A record takes some 3 kB of disk.
`;

const MAIN = join(import.meta.dirname, '..', 'src', 'main.ts');
/** Records of one transaction while the log is made. */
const GROUP = 5_000;
const LOOK_MS = 50;

const { values } = parseArgs({
  options: {
    records: { type: 'string' },
    folder: { type: 'string' },
    rounds: { type: 'string' },
    smoke: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) process.stdout.write(HELP);
else await main();

async function main(): Promise<void> {
  const records = Number(values.records ?? (values.smoke ? 1_500 : 1_000_000));
  const rounds = Number(values.rounds ?? (values.smoke ? 1 : 3));
  const folder = values.folder ?? mkdtempSync(join(tmpdir(), 'warden-bench-verify-'));
  try {
    const key = await logIn(folder, records);
    say(`### A log of ${records} records verified\n`);
    say(`load before: ${loadavg()[0]?.toFixed(2)}\n`);
    say('| | time | records a second | greatest memory |\n| --- | --- | --- | --- |');
    const common = ['--key', key];
    const live = [...common, '--config', settingsOf(folder)];
    await measure('where it lies', rounds, records, live);
    await measure('where it lies, hashes alone', rounds, records, [...live, '--no-meaning']);
    await measure('an export', rounds, records, [join(folder, 'export'), ...common]);
  } finally {
    if (values.folder === undefined) rmSync(folder, { recursive: true, force: true });
  }
}

/** @returns the line of the key that signed. */
async function logIn(folder: string, records: number): Promise<string> {
  const keyFile = join(folder, 'key.txt');
  if (existsSync(keyFile)) return readFileSync(keyFile, 'utf8');
  const data = join(folder, 'data');
  mkdirSync(data, { recursive: true, mode: 0o700 });
  if (!existsSync(join(data, LOG_FILE))) fill(data, records);
  const reader = await openSqliteLogReader({ folder: data });
  const tiles = join(data, 'tlog');
  const log = await signLog(reader, tiles, join(folder, 'data.checkpoint.lock'));
  await log.signed(records);
  await log.sealed(records);
  await log.close();
  await exportLog({ reader, tree: tiles, to: join(folder, 'export') });
  await reader.close();
  const key = formatVkey(log.key);
  writeFileSync(keyFile, key);
  return key;
}

function fill(data: string, records: number): void {
  const { db, lock } = openForWriting({ folder: data });
  // It is only measured, and made again after a power cut.
  db.exec('PRAGMA synchronous=OFF');
  const insert = db.prepare('INSERT INTO entry (idx, leaf) VALUES (?, ?)');
  let index = 0;
  const leaves = fittingLeaves(records);
  while (index < records) {
    transaction(db, () => {
      for (const end = Math.min(records, index + GROUP); index < end; index++) {
        insert.run(index, leaves.next().value as Uint8Array);
      }
      db.prepare('UPDATE head SET size = ?').run(index);
    });
  }
  db.close();
  lock.close();
}

function settingsOf(folder: string): string {
  const file = join(folder, 'warden.yaml');
  const settings = {
    publicUrl: 'http://127.0.0.1:5000',
    listen: { host: '127.0.0.1', port: 5000 },
    registry: { url: 'http://127.0.0.1:5082', keyFile: 'upstream.pem', certificateFile: 'upstream.crt' },
    tokens: { keyFile: 'tokens.pem' },
    ...{ policy: 'policies', users: 'users.yaml', data: 'data' },
    transparency: { origin: ORIGIN, keyFile: 'log.pem' },
  };
  writeFileSync(file, JSON.stringify(settings));
  return file;
}

async function measure(
  what: string,
  rounds: number,
  records: number,
  args: readonly string[],
): Promise<void> {
  const runs: { readonly seconds: number; readonly memory: number }[] = [];
  for (let round = 0; round < rounds; round++) runs.push(await verified(args));
  const seconds = Math.min(...runs.map((one) => one.seconds));
  const memory = Math.max(...runs.map((one) => one.memory));
  say(
    `| ${what} | ${seconds.toFixed(1)} s | ${(records / seconds).toFixed(0)} | ${(memory / 1024).toFixed(0)} MB |`,
  );
}

/** @returns seconds, and kilobytes. @throws where the log is not found to be good. */
async function verified(args: readonly string[]): Promise<{ seconds: number; memory: number }> {
  const began = performance.now();
  const child = spawn(process.execPath, [MAIN, 'log', 'verify', ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => {
    said += chunk;
  });
  let memory = 0;
  const looking = setInterval(() => {
    try {
      const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
      memory = Math.max(memory, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0));
    } catch {
      // It has ended.
    }
  }, LOOK_MS);
  const status = await new Promise((resolve) => child.once('close', resolve));
  clearInterval(looking);
  if (status !== 0 || !said.startsWith('good: ')) throw new Error(`verify ended with ${status}: ${said}`);
  return { seconds: (performance.now() - began) / 1_000, memory };
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
