/** No question goes through a whole table in PostgreSQL, however many records there are: what it says it would do, and did. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { fillLog } from '../../../bench/fill-log.ts';
import { createWorld } from '../../../bench/record-leaves.ts';
import { questionsAsked } from '../../../bench/record-questions.ts';
import { createAudit } from '../../../src/audit/audit.ts';
import type { Plan, Row, Statement } from '../../../src/index/common/plan.ts';
import { ASKING } from '../../../src/index/postgres/planning.ts';
import { INDEX_SCHEMA } from '../../../src/index/postgres/schema.ts';
import { sharedIndex } from '../../../src/index/postgres/shared-index.ts';
import { numbered, runPlanSlowly } from '../../../src/index/postgres/statement.ts';
import { QUESTIONS } from '../../../src/index/questions/questions.ts';
import { createRecordIndex, type RecordIndex } from '../../../src/index/record-index.ts';
import { NO_PULLS } from '../../../src/inventory/pull-store.ts';
import { postgresLogReader } from '../../../src/provenance/postgres-reader.ts';
import { openSqliteLogReader } from '../../../src/provenance/sqlite-log.ts';
import { systemClock } from '../../../src/store/clock.ts';
import { connectPostgres, type Postgres } from '../../../src/store/postgres.ts';
import { parsePostgresAddress } from '../../../src/store/postgres-address.ts';
import { makeFolder } from '../../provenance/a-log.ts';
import { describeNeeding } from '../../support/needs.ts';
import { startPostgres } from '../../support/postgres.ts';
import { startPlans } from './plan-said.ts';
import { copyLog, startIndexAt } from './shared.ts';

/** Enough that an index is what the planner takes, and that a table is more than any statement may look at. */
const RECORDS = 20_000;
/** Rows that one statement looks at: those of the largest step of a list, each with its name, and some. */
const LOOKED = 10_000;

describeNeeding(['postgres'], 'a question to the index in PostgreSQL', () => {
  const world = createWorld(RECORDS);
  const endings = new AsyncDisposableStack();
  const plans = startPlans();
  let postgres: Postgres;
  let index: RecordIndex;

  beforeAll(async () => {
    const folder = makeFolder();
    endings.defer(async () => folder.remove());
    const server = await startPostgres();
    endings.defer(() => server.stop());
    const address = await server.database();
    fillLog(folder.path, world, RECORDS, () => undefined);
    const file = await openSqliteLogReader({ folder: folder.path });
    await copyLog(file, address);
    await file.close();
    const parsed = parsePostgresAddress(address);
    if (!parsed.ok) throw new Error(parsed.reason);
    postgres = connectPostgres({
      ...{ address: parsed.address, name: 'plans', connections: 1, timeoutMs: 60_000, families: [] },
      session: ASKING,
    });
    endings.defer(() => postgres.close());
    const thread = await startIndexAt(address, 0);
    endings.defer(() => thread.close());
    const log = postgresLogReader(postgres);
    const store = sharedIndex(thread);
    const filled = createRecordIndex({ store, log, clock: systemClock });
    expect(await filled.catchUp()).toBe(RECORDS);
    index = createRecordIndex({
      ...{ log, clock: systemClock },
      store: {
        ...store,
        async ask(name, args) {
          const question = QUESTIONS[name] as (args: never) => Plan<unknown>;
          const answer = await runPlanSlowly(question(args as never), explained);
          return { answer, mark: await store.mark() };
        },
      },
    });
  }, 300_000);
  afterAll(() => endings.disposeAsync());

  async function explained(statement: Statement): Promise<readonly Row[]> {
    const { text, values } = numbered(statement);
    const [said] = await postgres.ask<{ 'QUERY PLAN': unknown }>(
      `EXPLAIN (ANALYZE, TIMING off, FORMAT JSON) ${text}`,
      values,
    );
    plans.add(text, said?.['QUERY PLAN']);
    return postgres.ask<Row>(text, values);
  }

  const cases = questionsAsked(world, RECORDS);
  /** Answered from the inventory alone. */
  const OF_PULLS: readonly string[] = ['pulls', 'pull-activity'];

  it.each(cases.map((one) => [one.called, one] as const))(
    'goes through no table: %s',
    async (_called, { name, parameters, only }) => {
      plans.clear();
      const audit = createAudit({
        index,
        inventory: NO_PULLS,
        now: () => Date.parse('2026-11-02T00:00:00Z'),
      });
      await audit.ask(name, parameters, (repository) => repository.startsWith(only ?? ''));
      expect(plans.through()).toEqual([]);
      expect(plans.looked().filter(({ rows }) => rows > LOOKED)).toEqual([]);
      expect(OF_PULLS.includes(name) || plans.looked().length > 0).toBe(true);
    },
    60_000,
  );

  it.each([
    ['a table', 'SELECT idx FROM record WHERE build = ?', [1]],
    ['a view', 'SELECT idx FROM digest WHERE idx = ?', [1]],
    ['an index from end to end', 'SELECT count(*) AS n FROM record WHERE idx >= ?', [0]],
    ['all before it sorts', 'SELECT idx FROM record ORDER BY time LIMIT ?', [1]],
  ])('would be seen going through %s', async (_, sql, values) => {
    plans.clear();
    await explained({ sql, values });
    expect(plans.through().length).toBeGreaterThan(0);
    expect(plans.looked()[0]?.rows).toBeGreaterThan(LOOKED);
  });

  it('is asked of tables with rows and statistics', async () => {
    const rows = await postgres.ask<{ relname: string; rows: number }>(
      'SELECT relname, reltuples::int AS rows FROM pg_class WHERE relnamespace = $1::regnamespace AND reltuples >= $2 ORDER BY 1',
      [INDEX_SCHEMA, RECORDS / 2],
    );
    expect(rows.map(({ relname }) => relname)).toEqual(
      expect.arrayContaining(['built', 'digests', 'record', 'tag_by', 'tally_hour', 'tally_span']),
    );
  });
});
