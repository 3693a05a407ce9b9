/**
 * Measures the signed tree: how fast it catches up with a log, how much room it takes, and what a proof costs:
 * `node bench/tree.ts --help`. What it costs to verify the whole log: bench/verify.ts.
 */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openSqliteLog, openSqliteLogReader } from '../src/provenance/sqlite-log.ts';
import { parseCheckpoint } from '../src/tlog/checkpoint.ts';
import { leafHash } from '../src/tlog/hashing.ts';
import { parseNote } from '../src/tlog/note.ts';
import { verifyConsistency, verifyInclusion } from '../src/tlog/verify-proofs.ts';
import type { Publisher } from '../src/transparency/publisher.ts';
import { createWorld } from './record-leaves.ts';
import { signLog } from './signed-log.ts';

const HELP = `node bench/tree.ts [options]
  --records N      how many (default 1000000)
  --folder DIR     where the log is made, or is already (of bench/records.ts); kept (default: a new one, removed at the end)
  --proofs N       how many of each kind (default 2000)
  --smoke          only shows that everything works, in seconds
`;

const { values } = parseArgs({
  options: {
    records: { type: 'string' },
    folder: { type: 'string' },
    proofs: { type: 'string' },
    smoke: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) process.stdout.write(HELP);
else await main();

async function main(): Promise<void> {
  const records = Number(values.records ?? (values.smoke ? 1_500 : 1_000_000));
  const proofs = Number(values.proofs ?? (values.smoke ? 50 : 2_000));
  const folder = values.folder ?? mkdtempSync(join(tmpdir(), 'warden-bench-tree-'));
  if (!existsSync(folder)) mkdirSync(folder, { mode: 0o700 });
  const tiles = join(folder, 'tlog');
  const lockFile = `${folder}.checkpoint.lock`;
  try {
    await fill(folder, records);
    rmSync(tiles, { recursive: true, force: true });
    rmSync(lockFile, { force: true });
    const reader = await openSqliteLogReader({ folder });
    const size = await reader.size();
    say(`### The signed tree, ${size} records\n`);
    let began = performance.now();
    const log = await signLog(reader, tiles, lockFile);
    await log.signed(size);
    tell('signed from nothing', performance.now() - began, size);
    began = performance.now();
    await log.sealed(size);
    tell('bundles sealed after that', performance.now() - began, size);
    await prove(log.publisher, reader, size, proofs);
    await log.close();
    await reader.close();
    const bytes = sizeOf(tiles);
    say(
      `| tiles and sealed bundles on disk | ${(bytes / 1e6).toFixed(1)} MB, ${(bytes / size).toFixed(0)} bytes a record |`,
    );
    say(`| greatest memory of the process | ${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MB |`);
  } finally {
    rmSync(lockFile, { force: true });
    if (values.folder === undefined) rmSync(folder, { recursive: true, force: true });
  }
}

async function fill(folder: string, records: number): Promise<void> {
  const log = await openSqliteLog({ folder });
  const world = createWorld(records);
  const { size } = await log.counters();
  for (let n = size; n < records; n += 1_000) {
    const group = Array.from({ length: Math.min(1_000, records - n) }, (_, at) => world.record(n + at));
    await Promise.all(group.map((record) => log.append(record)));
  }
  await log.close();
}

async function prove(
  publisher: Publisher,
  reader: { entries(from: number, limit: number): Promise<readonly Uint8Array[]> },
  size: number,
  proofs: number,
): Promise<void> {
  const parsed = parseNote(publisher.newest() ?? '');
  const read = parsed.ok ? parseCheckpoint(parsed.note.text) : parsed;
  if (!read.ok) throw new Error(read.reason);
  const { root } = read.checkpoint;
  const waits: number[] = [];
  for (let n = 0; n < proofs; n++) {
    const index = Math.floor((n * 7_919) % size);
    const [entry] = await reader.entries(index, 1);
    const at = performance.now();
    const proof = await publisher.inclusion(index, size);
    waits.push(performance.now() - at);
    if (!verifyInclusion({ index, size, leaf: leafHash(entry as Uint8Array), proof, root }).ok)
      throw new Error(`the proof of ${index} does not hold`);
  }
  say(`| inclusion proof made, median | ${median(waits).toFixed(2)} ms |`);
  waits.length = 0;
  for (let n = 0; n < proofs; n++) {
    const from = 1 + Math.floor((n * 7_919) % (size - 1));
    const at = performance.now();
    const proof = await publisher.consistency(from, size);
    waits.push(performance.now() - at);
    // The thread has verified it; here only that it is one.
    const claim = { from, to: size, proof, oldRoot: Buffer.alloc(32), newRoot: root };
    if (verifyConsistency(claim).ok) throw new Error('a proof holds for another root');
  }
  say(`| consistency proof made, median | ${median(waits).toFixed(2)} ms |`);
}

function tell(what: string, milliseconds: number, records: number): void {
  const perSecond = (records / milliseconds) * 1_000;
  say(`| ${what} | ${(milliseconds / 1_000).toFixed(1)} s, ${perSecond.toFixed(0)} records a second |`);
}

function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;
}

function sizeOf(folder: string): number {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => statSync(join(folder, name)))
    .reduce((sum, file) => sum + (file.isFile() ? file.size : 0), 0);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
