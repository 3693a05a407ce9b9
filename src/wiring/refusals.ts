/** What a refused person reads, and the decision behind it, kept so that its id can be opened. */
import { join } from 'node:path';
import { authorityOf } from '../config/settings.ts';
import { type DecisionStore, postgresDecisions, sqliteDecisions } from '../history/decision-store.ts';
import { createDecisions } from '../history/decisions.ts';
import { DECISIONS_FILE, type DecisionsOptions } from '../history/decisions-thread.ts';
import type { Decision, Question } from '../policy/facts.ts';
import { neededFor } from '../policy/needed.ts';
import { describeRefusal } from '../policy/refusal.ts';
import { systemClock } from '../store/clock.ts';
import type { Databases } from './database.ts';
import type { Part } from './part.ts';
import type { PolicyInForce } from './policy.ts';
import { storeThread } from './store-thread.ts';

export interface Refusals {
  /** The line for the person. Keeps the decision under the id that the line names. */
  readonly tell: (refused: {
    readonly decision: Decision;
    readonly question: Question;
    readonly id: string;
  }) => string;
  /** Decisions that were not kept since the start. */
  readonly dropped: () => number;
}

/** @throws {StoreError} with one sentence that names the file which cannot be opened. */
export async function openRefusals(
  part: Part,
  policy: Pick<PolicyInForce, 'current'>,
  databases: Databases | undefined,
): Promise<Refusals> {
  const { settings, log, endings } = part;
  const decisions = createDecisions({
    store: await openDecisions(part, databases),
    clock: systemClock,
    onFailure: (error) =>
      log.warn({ err: error }, 'the decisions of the last days cannot be written; they are kept in memory'),
  });
  endings.defer(() => decisions.close());
  const registry = authorityOf(settings.publicUrl);
  return {
    tell({ decision, question, id }) {
      const { digest, rules } = policy.current();
      decisions.keep({ id, policy: digest, question });
      const needed = neededFor({ rules }, question, decision);
      return describeRefusal({ decision, question, decisionId: id, registry, needed });
    },
    dropped: decisions.dropped,
  };
}

async function openDecisions(part: Part, databases: Databases | undefined): Promise<DecisionStore> {
  if (databases) return postgresDecisions(databases.shared);
  const thread = await storeThread(part, {
    without: 'the decisions of refusals are kept in memory only',
    module: new URL('../history/decisions-thread', import.meta.url),
    options: { file: join(part.settings.data, DECISIONS_FILE) } satisfies DecisionsOptions,
  });
  return sqliteDecisions(thread);
}
