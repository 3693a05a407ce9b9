import { existsSync, statSync } from 'node:fs';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import {
  DECISION_TABLES,
  type DecisionStore,
  postgresDecisions,
  sqliteDecisions,
} from '../../src/history/decision-store.ts';
import {
  createDecisions,
  type Decisions,
  findDecision,
  KEPT_OF_NETWORK,
} from '../../src/history/decisions.ts';
import { DECISIONS_FILE, type DecisionRow, KEPT_MS, KEPT_ROWS } from '../../src/history/decisions-thread.ts';
import { ANONYMOUS, type Question, UNKNOWN } from '../../src/policy/facts.ts';
import type { Postgres } from '../../src/store/postgres.ts';
import { startThread, type Thread } from '../../src/store/thread.ts';
import { question } from '../policy/build.ts';
import { describeOnBoth } from '../support/on-both.ts';
import { makeTemp, type Temp } from '../support/temp.ts';

let temp: Temp;
let thread: Thread | undefined;
let store: DecisionStore;
let shared: Postgres | undefined;
let decisions: Decisions;
let now: number;
let failures: unknown[];
async function start(postgres: Postgres | undefined): Promise<void> {
  temp = makeTemp('decisions');
  now = Date.UTC(2026, 4, 3);
  failures = [];
  shared = postgres;
  const file = temp.at(DECISIONS_FILE);
  thread = postgres
    ? undefined
    : await startThread(new URL('../../src/history/decisions-thread', import.meta.url), { file });
  if (thread) store = sqliteDecisions(thread);
  else if (postgres) store = postgresDecisions(postgres);
  decisions = createDecisions({
    store,
    clock: {
      now: () => now,
      elapsed: () => now,
      sleep: (_ms, signal) => new Promise((done) => signal?.addEventListener('abort', () => done())),
    },
    onFailure: (error) => failures.push(error),
  });
}

async function stop(): Promise<void> {
  await decisions.close();
  await thread?.close();
  await temp.stop();
}

const idOf = (number: number): string => number.toString(16).padStart(16, '0');

function refuse(number: number, asked: Partial<Question> = {}): void {
  decisions.keep({ id: idOf(number), policy: 'sha256:x', question: question(asked) });
}

async function find(number: number) {
  await decisions.flush();
  return findDecision(temp.path, shared, idOf(number));
}

const PLACE = { families: [DECISION_TABLES], tables: ['decision'] };
describeOnBoth('the decisions of the last days', PLACE, (postgres) => {
  beforeEach(() => start(postgres()));
  afterEach(stop);

  it('are found by their id with every fact, also those that were unknown', async () => {
    const asked = question({
      subject: ANONYMOUS,
      repository: UNKNOWN,
      tag: UNKNOWN,
      client: 'docker/24.0.7',
      address: 'fd00::1',
    });
    decisions.keep({ id: idOf(1), policy: 'sha256:x', question: asked });
    expect(await find(1)).toEqual({ id: idOf(1), time: now, policy: 'sha256:x', question: asked });
    expect(await find(2)).toBeUndefined();
    if (!shared) expect(statSync(temp.at(DECISIONS_FILE)).mode & 0o777).toBe(0o600);
  });

  it('are none where there is no file', async () => {
    expect(await findDecision(temp.at('nowhere'), undefined, idOf(1))).toBeUndefined();
    expect(existsSync(temp.at('nowhere'))).toBe(false);
  });

  it('keep the first of a network that floods, and all of others', async () => {
    for (let number = 0; number < KEPT_OF_NETWORK + 50; number++)
      refuse(number, { address: `fd00::${(number % 200) + 1}` });
    refuse(10_000, { address: '10.1.1.1' });
    expect(decisions.dropped()).toBe(50);
    expect(await find(0)).toBeDefined();
    expect(await find(KEPT_OF_NETWORK - 1)).toBeDefined();
    expect(await find(KEPT_OF_NETWORK)).toBeUndefined();
    expect(await find(10_000)).toBeDefined();
    now += 3_600_000;
    refuse(10_001, { address: 'fd00::1' });
    expect(await find(10_001)).toBeDefined();
  });

  it('keep no more of what a client says of itself than is read of it', async () => {
    refuse(1, { client: 'x'.repeat(60_000) });
    expect((await find(1))?.question.client).toHaveLength(512);
  });

  it('go when they are old', async () => {
    refuse(1);
    await decisions.flush();
    now += KEPT_MS + 1;
    refuse(2);
    expect(await find(2)).toBeDefined();
    expect(await find(1)).toBeUndefined();
  });

  it('are bounded in number', async () => {
    const row = (number: number): DecisionRow => ({
      id: idOf(number),
      time: now,
      policy: 'p',
      question: '{}',
    });
    for (let first = 0; first < KEPT_ROWS + 20_000; first += 10_000)
      await store.add(
        Array.from({ length: 10_000 }, (_, at) => row(first + at)),
        now,
      );
    expect(await store.find(idOf(19_999))).toBeUndefined();
    expect(await store.find(idOf(20_000))).toBeDefined();
    expect(await store.find(idOf(KEPT_ROWS + 19_999))).toBeDefined();
  });

  it('wait in memory while they cannot be written', async () => {
    const { add } = store;
    const waiting = createDecisions({
      store: {
        ...store,
        add: (...rows) => (failures.length < 2 ? Promise.reject(new Error('full')) : add(...rows)),
      },
      clock: {
        now: () => now,
        elapsed: () => now,
        sleep: async () => new Promise((done) => setTimeout(done, 5)),
      },
      onFailure: (error) => failures.push(error),
    });
    waiting.keep({ id: idOf(7), policy: 'p', question: question({}) });
    while (failures.length < 2) await new Promise((done) => setTimeout(done, 5));
    await waiting.close();
    expect(await find(7)).toBeDefined();
    expect(waiting.dropped()).toBe(0);
  });
});
