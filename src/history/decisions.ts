/**
 * Keeps refusals so that the id a person was shown can be opened later. Never in the way of an answer, and never a failure
 * for one: what cannot be kept is dropped, and counted.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { networkOf } from '../policy/address.ts';
import { type Question, UNKNOWN } from '../policy/facts.ts';
import { type QuestionJson, questionFromJson, questionToJson } from '../policy/question-json.ts';
import type { Clock } from '../store/clock.ts';
import type { Postgres } from '../store/postgres.ts';
import { startRegularFlush } from '../store/regular-flush.ts';
import { startThread } from '../store/thread.ts';
import { type DecisionStore, postgresDecisions, sqliteDecisions } from './decision-store.ts';
import { DECISIONS_FILE, type DecisionRow, type DecisionsOptions } from './decisions-thread.ts';

export interface KeptDecision {
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly time: number;
  /** The digest of the policy that decided. */
  readonly policy: string;
  readonly question: Question;
}

export interface Decisions {
  /** Returns at once, never throws. */
  keep(decision: Omit<KeptDecision, 'time'>): void;
  /** Refusals that were not kept since the start: past the limit of their network, or because nothing could be written. */
  dropped(): number;
  /** Writes what waits. Never rejected. */
  flush(): Promise<void>;
  /** Idempotent. The store stays open. */
  close(): Promise<void>;
}

export interface DecisionsDeps {
  readonly store: DecisionStore;
  readonly clock: Clock;
  /** Told why nothing could be written. Must not throw. */
  readonly onFailure: (error: unknown) => void;
}

/** A client that tries without end must not push out what others were told: so many of one network in an hour. */
export const KEPT_OF_NETWORK = 300;
const HOUR_MS = 3_600_000;
const FLUSH_MS = 1_000;
const WAITING_LIMIT = 10_000;
/** Networks counted in an hour; beyond them nothing more is kept until the next. */
const NETWORKS_LIMIT = 50_000;
/** A User-Agent is read no further than this when it is judged. */
const AGENT_LENGTH = 512;

export function createDecisions({ store, clock, onFailure }: DecisionsDeps): Decisions {
  let waiting: DecisionRow[] = [];
  let dropped = 0;
  let hour = { number: 0, counts: new Map<string, number>() };

  /** Whether one more of this network is kept. */
  function hasRoom(address: string, now: number): boolean {
    const number = Math.floor(now / HOUR_MS);
    if (hour.number !== number) hour = { number, counts: new Map() };
    const network = networkOf(address);
    const count = hour.counts.get(network) ?? 0;
    if (count >= KEPT_OF_NETWORK || (count === 0 && hour.counts.size >= NETWORKS_LIMIT)) return false;
    hour.counts.set(network, count + 1);
    return true;
  }

  async function write(): Promise<void> {
    const rows = waiting;
    if (rows.length === 0) return;
    waiting = [];
    try {
      await store.add(rows, clock.now());
    } catch (error) {
      const room = Math.max(0, WAITING_LIMIT - waiting.length);
      dropped += Math.max(0, rows.length - room);
      waiting = [...rows.slice(0, room), ...waiting];
      onFailure(error);
    }
  }

  const { flush, close } = startRegularFlush(clock, FLUSH_MS, write);

  return {
    keep({ id, policy, question }) {
      const now = clock.now();
      const from = question.address === UNKNOWN ? question.tokenAddress : question.address;
      if (waiting.length >= WAITING_LIMIT || !hasRoom(from, now)) {
        dropped++;
        return;
      }
      const { client } = question;
      const asked =
        typeof client === 'string' ? { ...question, client: client.slice(0, AGENT_LENGTH) } : question;
      waiting.push({ id, time: now, policy, question: JSON.stringify(questionToJson(asked)) });
    },
    dropped: () => dropped,
    flush,
    close,
  };
}

/**
 * Looks a decision up beside a running server or without one; undefined where it is not kept.
 *
 * @param folder `data` of the settings.
 * @param postgres where the settings name a database; closed by whoever opened it.
 * @throws {StoreError} with one sentence that names what cannot be read.
 */
export async function findDecision(
  folder: string,
  postgres: Postgres | undefined,
  id: string,
): Promise<KeptDecision | undefined> {
  const row = postgres ? await postgresDecisions(postgres).find(id) : await findInFile(folder, id);
  return row && { ...row, question: questionFromJson(JSON.parse(row.question) as QuestionJson) };
}

async function findInFile(folder: string, id: string): Promise<DecisionRow | undefined> {
  const file = join(folder, DECISIONS_FILE);
  if (!existsSync(file)) return undefined;
  const thread = await startThread(new URL('./decisions-thread', import.meta.url), {
    file,
    readOnly: true,
  } satisfies DecisionsOptions);
  try {
    return await sqliteDecisions(thread).find(id);
  } finally {
    await thread.close();
  }
}
