/**
 * Measures the record: how fast it is appended and indexed, how much room it takes, and how long the first page of each of
 * an auditor's questions takes: `node bench/records.ts --help`.
 */
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createRecordIndex } from '../src/index/record-index.ts';
import { recordSchema } from '../src/provenance/record.ts';
import { systemClock } from '../src/store/clock.ts';
import { createWorld, type World } from './record-leaves.ts';
import { measurePage } from './record-page.ts';
import { inFolder, inPostgres, type RecordPlace } from './record-place.ts';
import { type Asked, questionsAsked } from './record-questions.ts';
import { table, text } from './report.ts';

const HELP = `node bench/records.ts [options]
  --records N      how many (default 1000000)
  --folder DIR     where the files are made, or are already; kept (default: a new one, removed at the end)
  --postgres FILE  record and index are in a database: a file with its address, as for store.postgresUrlFile
  --smoke          only shows that everything works, in seconds
  --rounds N       how often each question is asked, of which the median counts (default 9)
Each record takes some 4.2 kB of disk. At the beginning, the pages of the files are what the system has of them in memory.
A folder is filled up to N, or taken as it is; a database is filled where it is empty. The Warden that shows the page adds a few records of its own to it.
`;

/** Writers that wait for the disk, and the records of each. */
const WRITERS = 16;
const EACH = 100;

const { values } = parseArgs({
  options: {
    records: { type: 'string' },
    folder: { type: 'string' },
    postgres: { type: 'string' },
    smoke: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '9' },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) process.stdout.write(HELP);
else await main();

async function main(): Promise<void> {
  const records = Number(values.records ?? (values.smoke ? 3_000 : 1_000_000));
  const folder = values.folder ?? mkdtempSync(join(tmpdir(), 'warden-bench-records-'));
  if (!existsSync(folder)) mkdirSync(folder, { mode: 0o700 });
  const place = values.postgres === undefined ? inFolder(folder) : inPostgres(values.postgres, folder);
  try {
    const world = createWorld(records);
    for (let n = 0; n < 1_000; n++) recordSchema.parse(world.record(n));
    say(`### The record, ${records} entries\n`);
    await fill(place, world, records - WRITERS * EACH);
    await append(place, world, records);
    await fillIndex(place);
    await sizes(place, records);
    await questions(place, world, records);
    if (values.postgres === undefined)
      say(`\n${await measurePage(folder, world, records, Number(values.rounds))}`);
  } finally {
    await place.close();
    if (values.folder === undefined) rmSync(folder, { recursive: true, force: true });
  }
}

/** Without waiting for the disk of each record, which is not what is measured. */
async function fill(place: RecordPlace, world: World, size: number): Promise<void> {
  const { added, seconds } = await place.fill(world, size, (done) => {
    if (done % 100_000 === 0) progress(`made ${done} of ${size}`);
  });
  if (added > 0) say(`Made ${added} in ${text(seconds)} s.`);
}

/** 16 writers that each wait for the disk. */
async function append(place: RecordPlace, world: World, records: number): Promise<void> {
  const { it: log, close } = await place.log();
  try {
    const { size } = await log.counters();
    const waits: number[] = [];
    let next = size;
    await Promise.all(
      Array.from({ length: WRITERS }, async () => {
        while (next < records) {
          const record = world.record(next++);
          const at = performance.now();
          await log.append(record);
          waits.push(performance.now() - at);
        }
      }),
    );
    if (waits.length > 0) {
      say(
        `${WRITERS} writers, each commit on the disk: median ${text(quantile(waits, 0.5))} ms, 99% below ${text(quantile(waits, 0.99))} ms.`,
      );
    }
  } finally {
    await close();
  }
}

async function fillIndex(place: RecordPlace): Promise<void> {
  const log = await place.reader();
  const { it: store, close } = await place.index();
  const before = (await store.mark()).watermark;
  const index = createRecordIndex({
    ...{ store, log, clock: systemClock },
    onProgress: (done, size) => {
      if (done % 100_000 <= 1_000) progress(`indexed ${done} of ${size}`);
    },
  });
  const began = performance.now();
  const watermark = await index.catchUp();
  const seconds = (performance.now() - began) / 1_000;
  if (watermark > before) {
    say(
      `Indexed ${watermark - before} in ${text(seconds)} s: ${text((watermark - before) / seconds)} a second.`,
    );
  }
  await index.close();
  await close();
  await log.close();
}

async function sizes(place: RecordPlace, records: number): Promise<void> {
  const { log, index } = await place.sizes();
  say(`Bytes a record: ${text(log / records)} of the log, ${text(index / records)} of the index.\n`);
}

async function questions(place: RecordPlace, world: World, records: number): Promise<void> {
  const rows: string[][] = [];
  for (const asked of questionsAsked(world, records)) {
    // Opened anew each time: the first answer begins with nothing but what the system has in memory.
    const opened = await place.audit();
    const times: number[] = [];
    let items = 0;
    try {
      for (let round = 0; round < Number(values.rounds); round++) {
        const at = performance.now();
        const page = await opened.audit.ask(asked.name, asked.parameters, mayReadOf(asked));
        times.push(performance.now() - at);
        items = page.items.length;
      }
    } finally {
      await opened.close();
    }
    const [first = 0, ...warm] = times;
    rows.push([asked.called, text(first), text(quantile(warm, 0.5)), String(items)]);
  }
  say(table(['question', 'first ms', 'median ms', 'rows'], rows));
}

function mayReadOf({ only }: Asked): (repository: string) => boolean {
  return only === undefined ? () => true : (repository) => repository.startsWith(only);
}

function quantile(values_: readonly number[], part: number): number {
  const sorted = [...values_].sort((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function progress(line: string): void {
  process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${line}\n`);
}
