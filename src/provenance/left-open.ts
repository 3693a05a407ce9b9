/** Intents that processes which ended left open: taken over, and settled by looking at the registry. */
import type { Clock } from '../store/clock.ts';
import type { Locks } from './locks.ts';
import type { LogStore, OpenIntent } from './log-store.ts';
import { holdsRepository } from './record.ts';
import { type Looks, type SettleDeps, settleIntent } from './settle.ts';

export interface LeftOpen {
  /** Takes over what there is, and its locks, before it returns. @throws {StoreError} */
  adopt(): Promise<void>;
  /** From now on what is taken over is settled. Fulfilled when all that there is now is settled, or the signal is aborted. */
  settle(looks: Looks): Promise<void>;
  /** How many are not settled yet. */
  unsettled(): number;
}

export interface LeftOpenDeps extends SettleDeps {
  readonly store: Pick<LogStore, 'takeOver' | 'claims'>;
  readonly locks: Locks;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Told why something that was taken over later could not be settled. Must not throw. */
  onFailure(error: unknown): void;
}

interface Left {
  readonly intent: OpenIntent;
  readonly release: () => void;
}

export function createLeftOpen({ store, locks, clock, conclude, signal, onFailure }: LeftOpenDeps): LeftOpen {
  let looks: Looks | undefined;
  let waiting: Left[] = [];
  let unsettled = 0;

  async function settleOne({ intent, release }: Left, by: Looks): Promise<void> {
    const settled = await settleIntent({ clock, conclude }, intent.body, intent.at, by, signal);
    if (!settled) return;
    unsettled--;
    release();
  }

  async function settleWaiting(): Promise<void> {
    const by = looks;
    if (by === undefined) return;
    const found = waiting;
    waiting = [];
    await Promise.all(found.map((left) => settleOne(left, by)));
  }

  return {
    async adopt() {
      for (const intent of await store.takeOver()) {
        const place = holdsRepository(intent.body) ? undefined : intent.reference;
        // Where there are claims, the intent itself keeps everybody out.
        const release = store.claims ? () => undefined : locks.take(intent.repo, place);
        waiting.push({ intent, release });
        unsettled++;
      }
      settleWaiting().catch(onFailure);
    },
    settle(by) {
      looks = by;
      return settleWaiting();
    },
    unsettled: () => unsettled,
  };
}
