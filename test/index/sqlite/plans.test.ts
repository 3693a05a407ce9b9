/** No question goes through a whole table, however many records there are: what SQLite says it would do. */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createWorld } from '../../../bench/record-leaves.ts';
import { questionsAsked } from '../../../bench/record-questions.ts';
import { createAudit } from '../../../src/audit/audit.ts';
import type { AuditParts } from '../../../src/audit/question.ts';
import { QUESTIONS as ASKED } from '../../../src/audit/questions.ts';
import { type Plan, type Row, runPlan, type Statement } from '../../../src/index/common/plan.ts';
import type { IndexStore } from '../../../src/index/index-store.ts';
import { QUESTIONS } from '../../../src/index/questions/questions.ts';
import { createRecordIndex, type RecordIndex } from '../../../src/index/record-index.ts';
import { sqliteIndex, startIndexThread } from '../../../src/index/sqlite/sqlite-index.ts';
import { NO_PULLS } from '../../../src/inventory/pull-store.ts';
import type { LogReader } from '../../../src/provenance/log-store.ts';
import { openSqliteLog, openSqliteLogReader } from '../../../src/provenance/sqlite-log.ts';
import { systemClock } from '../../../src/store/clock.ts';
import type { Thread } from '../../../src/store/thread.ts';
import { makeFolder } from '../../provenance/a-log.ts';

const RECORDS = 800;
const world = createWorld(RECORDS);
const folder = makeFolder();
let log: LogReader;
let thread: Thread;
let db: DatabaseSync;
let index: RecordIndex;
/** What SQLite said of each statement. */
const said: { readonly sql: string; readonly detail: string }[] = [];

function explained({ sql, values }: Statement): readonly Row[] {
  for (const row of db.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...values)) {
    said.push({ sql, detail: String(row['detail']) });
  }
  return db.prepare(sql).all(...values) as readonly Row[];
}

beforeAll(async () => {
  const store = await openSqliteLog({ folder: folder.path });
  await Promise.all(Array.from({ length: RECORDS }, (_, n) => store.append(world.record(n))));
  await store.close();
  log = await openSqliteLogReader({ folder: folder.path });
  thread = await startIndexThread({ folder: folder.path });
  const sqlite = sqliteIndex(thread);
  await createRecordIndex({ store: sqlite, log, clock: systemClock }).catchUp();
  db = new DatabaseSync(join(folder.path, 'index.db'));
  const asking: IndexStore = {
    ...sqlite,
    async ask(name, args) {
      const question = QUESTIONS[name] as (args: never) => Plan<unknown>;
      return { answer: runPlan(question(args as never), explained), mark: await sqlite.mark() };
    },
  };
  index = createRecordIndex({ store: asking, log, clock: systemClock });
});
afterAll(async () => {
  db.close();
  await thread.close();
  await log.close();
  folder.remove();
});

const TABLES =
  /^SCAN (?:name|tag|tag_by|record|digest|rule|span|built|base_repo|tally_hour|tally_day|refused|r|n|t|b|g|p|s|x)\b/;
/** What goes through a table but stops after a few rows, or is what was asked for. */
const FINE = /USING INDEX tag_shared/;

/** Answered from the inventory alone. */
const OF_PULLS: readonly string[] = ['pulls', 'pull-activity'];
const cases = questionsAsked(world, RECORDS);

describe.each([
  ['few records of each name', 1],
  ['many records of each name', 100_000],
] as const)('with %s', (_, times) => {
  beforeAll(() => {
    // The choice of what drives a list depends on these counts, and SQLite's own on nothing.
    db.exec(`UPDATE name SET records = records * ${times}; UPDATE tag SET records = records * ${times}`);
  });

  it.each(cases.map((one) => [one.called, one] as const))(
    '%s',
    async (_called, { name, parameters, only }) => {
      said.length = 0;
      const parts: AuditParts = {
        index,
        inventory: NO_PULLS,
        now: () => Date.now(),
      };
      await createAudit(parts).ask(name, parameters, (repository) => repository.startsWith(only ?? ''));
      const scans = said.filter(({ detail }) => TABLES.test(detail) && !FINE.test(detail));
      expect(scans).toEqual([]);
      expect(OF_PULLS.includes(name) || said.length > 0).toBe(true);
    },
  );
});

it('a statement that goes through a table would be seen', () => {
  said.length = 0;
  explained({ sql: 'SELECT r.idx FROM record r WHERE r.build = ?', values: [1] });
  expect(said.some(({ detail }) => TABLES.test(detail))).toBe(true);
});

it('every question about the record is among them', () => {
  const named = new Set(cases.map(({ name }) => name));
  expect(
    ASKED.map(({ name }) => name).filter((name) => !OF_PULLS.includes(name) && !named.has(name)),
  ).toEqual([]);
});
