/** What a refused person reads, and the decision behind it, kept so that its id can be opened. */
import { join } from 'node:path';
import { authorityOf } from '../config/settings.ts';
import { createDecisions } from '../history/decisions.ts';
import { DECISIONS_FILE, type DecisionsOptions } from '../history/decisions-thread.ts';
import type { Decision, Question } from '../policy/facts.ts';
import { neededFor } from '../policy/needed.ts';
import { describeRefusal } from '../policy/refusal.ts';
import { systemClock } from '../store/clock.ts';
import { startThread } from '../store/thread.ts';
import type { Part } from './part.ts';
import type { PolicyInForce } from './policy.ts';

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
  { settings, log, endings }: Part,
  policy: Pick<PolicyInForce, 'current'>,
): Promise<Refusals> {
  const file = join(settings.data, DECISIONS_FILE);
  const thread = await startThread(new URL('../history/decisions-thread', import.meta.url), {
    file,
  } satisfies DecisionsOptions);
  endings.defer(() => thread.close());
  const decisions = createDecisions({
    thread,
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
