/** Comparing the record with the registry: on request, by schedule, and after the registry's notifications. */
import { actorOf, peerOf } from '../gate/record-facts.ts';
import type { ReconciliationDeps } from '../http/routes/reconciliation.ts';
import type { LogReader } from '../provenance/log-store.ts';
import { createComparing, type Difference, type Unreadable } from '../reconcile/compare.ts';
import { createHints } from '../reconcile/hints.ts';
import { createPace } from '../reconcile/pace.ts';
import { readNotification } from '../reconcile/read-notification.ts';
import {
  type AskedBy,
  createReconciler,
  type Kept,
  type Reconciler,
  type Report,
} from '../reconcile/reconciler.ts';
import { createSuspicions, type Suspicions } from '../reconcile/suspicions.ts';
import { systemClock } from '../store/clock.ts';
import type { DocumentStore } from '../store/documents.ts';
import type { Registry } from '../upstream/registry.ts';
import type { Part } from './part.ts';
import type { OpenedRecord } from './record.ts';

export interface Reconciliation extends Pick<Reconciler, 'differences'> {
  /** Compares everything now, and answers what came of it. */
  compare(by: AskedBy): Promise<Report>;
  /** Over the API. */
  readonly asked: Pick<ReconciliationDeps, 'start' | 'report'>;
  /** Takes a notification of the registry. @returns whether it was one. Undefined where the settings do not want any. */
  readonly notify: ((text: string) => boolean) | undefined;
  readonly hintsDropped: () => number;
}

const HOUR_MS = 3_600_000;
/** Differences that wait for their second look. */
const SUSPICIONS = 10_000;

export function openReconciliation(
  { settings, log, endings }: Pick<Part, 'settings' | 'log' | 'endings'>,
  parts: {
    readonly record: Pick<OpenedRecord, 'recorder' | 'stateOf'>;
    readonly documents: DocumentStore;
    readonly registry: Registry;
    readonly reader: LogReader;
  },
): Reconciliation {
  const { record, documents, registry, reader } = parts;
  const { recorder } = record;
  const { everyHours, requestsPerSecond, notifications } = settings.reconcile;
  const ending = new AbortController();
  const pace = createPace(systemClock, requestsPerSecond, ending.signal);
  const comparing = createComparing({ recorder, registry, stateOf: record.stateOf });
  let ofHints = 0;

  function suspicions(): Suspicions {
    const settleMs = settings.record.settleSeconds * 1000;
    return createSuspicions({ clock: systemClock, comparing, pace, settleMs, limit: SUSPICIONS });
  }
  function tell(difference: Difference | Unreadable): void {
    log.warn({ difference }, 'record and registry differ');
  }
  const reconciler = createReconciler({
    clock: systemClock,
    recorder,
    kept: documents.of<Kept>('reconciliation'),
    runDeps: () => ({
      comparing,
      suspicions: suspicions(),
      log: reader,
      recorder,
      registry,
      pace,
    }),
    everyMs: everyHours === undefined ? undefined : everyHours * HOUR_MS,
    onDifference: tell,
    onStopped: (error) => log.warn({ err: error }, 'comparing record and registry stopped; it goes on later'),
  });
  const hints = notifications
    ? createHints({
        clock: systemClock,
        comparing,
        suspicions: suspicions(),
        pace,
        onDifference(difference) {
          ofHints++;
          tell(difference);
        },
        onFailure: (error) =>
          log.warn({ err: error }, 'what the registry notified of could not be looked at; it is tried again'),
      })
    : undefined;
  endings.defer(async () => {
    ending.abort();
    await Promise.all([reconciler.close(), hints?.close()]);
  });
  return {
    async compare(by) {
      if (!reconciler.start(by)) throw new Error('record and registry are being compared already');
      await reconciler.idle();
      const report = reconciler.report();
      if (report === undefined) throw new Error('record and registry were not compared');
      return report;
    },
    asked: {
      start: ({ subject, exchange, decision }) =>
        reconciler.start({ actor: actorOf({ subject }), peer: peerOf(exchange, decision) }),
      report: reconciler.report,
    },
    differences: () => reconciler.differences() + ofHints,
    notify:
      hints &&
      ((text) => {
        const things = readNotification(text);
        hints.take(things ?? []);
        return things !== undefined;
      }),
    hintsDropped: () => hints?.dropped() ?? 0,
  };
}
