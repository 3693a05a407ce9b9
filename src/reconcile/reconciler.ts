/**
 * Comparing record and registry in a running Warden: on request and by schedule the whole of both, one run at a time; and
 * single tags and manifests where somebody gave a hint.
 */

import type { Actor, Peer } from '../provenance/record.ts';
import type { Recorder } from '../provenance/recorder.ts';
import type { Clock } from '../store/clock.ts';
import { timestamp } from '../store/clock.ts';
import type { Documents } from '../store/documents.ts';
import type { Difference, Unreadable } from './compare.ts';
import { type Counts, NOTHING, type Place, type RunDeps, runReconciliation } from './run.ts';

export interface Report {
  /** RFC 3339. */
  readonly began: string;
  /** Absent while it runs. */
  readonly ended?: string;
  /** Why it stopped before its end; the next run goes on from there. */
  readonly stopped?: string;
  readonly counts: Counts;
  /** The first of what was found and recorded; `counts` has how many there were. */
  readonly differences: readonly (Difference | Unreadable)[];
}

/** Who asked for a run, for the record of it. */
export interface AskedBy {
  readonly actor?: Actor | undefined;
  readonly peer?: Peer | undefined;
  /** The machine that a command ran on. */
  readonly machine?: string | undefined;
}

export interface Reconciler {
  /** Begins a run, or goes on with one that was stopped. @returns false while one is under way. */
  start(by: AskedBy): boolean;
  /** Of the run under way, else of the last one of this process. */
  report(): Report | undefined;
  /** Fulfilled when no run is under way. Never rejected. */
  idle(): Promise<void>;
  /** Differences recorded since the start of the process, by runs and after hints. */
  differences(): number;
  close(): Promise<void>;
}

/** What is kept of the last run, for the next process. */
export interface Kept {
  /** Absent when it came to its end. */
  readonly place?: Place;
  /** Milliseconds since 1970, of its end. */
  readonly ended?: number;
}

export interface ReconcilerDeps {
  readonly clock: Clock;
  readonly recorder: Pick<Recorder, 'append'>;
  readonly kept: Documents<Kept>;
  /** Everything that a run needs but for what this one knows; made anew for each. */
  runDeps(signal: AbortSignal): Omit<RunDeps, 'save' | 'sleep' | 'signal' | 'onDifference'>;
  /** Milliseconds from the end of one run to the next. Undefined: only on request. */
  readonly everyMs: number | undefined;
  onDifference(difference: Difference | Unreadable): void;
  /** A run stopped before its end. Must not throw. */
  onStopped(error: unknown): void;
}

const ID = 'run';
/** Of a report. All are on record. */
const DIFFERENCES_KEPT = 1_000;
/** Milliseconds between two looks at the schedule. After a failure that is how soon it is tried again. */
const LOOK_MS = 60_000;

export function createReconciler(deps: ReconcilerDeps): Reconciler {
  const { clock, recorder, kept } = deps;
  const ending = new AbortController();
  let running: Promise<void> | undefined;
  let report: Report | undefined;
  let recorded = 0;

  async function keep(body: Kept): Promise<void> {
    const before = await kept.get(ID);
    if (before === undefined) await kept.create({ id: ID, subject: '', body });
    else await kept.replace(ID, before.version, { body });
  }

  async function run(by: AskedBy): Promise<void> {
    const from = (await kept.get(ID))?.body.place;
    const began = from?.began ?? clock.now();
    const differences: (Difference | Unreadable)[] = [];
    report = { began: timestamp(began), counts: from?.counts ?? NOTHING, differences };
    try {
      const last = await runReconciliation(
        {
          ...deps.runDeps(ending.signal),
          signal: ending.signal,
          sleep: (ms) => clock.sleep(ms, ending.signal),
          async save(place) {
            await keep({ place });
            report = { began: timestamp(began), counts: place.counts, differences };
          },
          onDifference(difference) {
            if (difference.type !== 'unreadable') recorded++;
            if (differences.length < DIFFERENCES_KEPT) differences.push(difference);
            deps.onDifference(difference);
          },
        },
        began,
        from,
      );
      if (last === undefined) {
        report = { ...report, ended: timestamp(clock.now()), stopped: 'Warden was stopped' };
        return;
      }
      const { counts } = last;
      await recorder.append({ type: 'log.reconciled', began: timestamp(began), ...by, reconciled: counts });
      await keep({ ended: clock.now() });
      report = { began: timestamp(began), ended: timestamp(clock.now()), counts, differences };
    } catch (error) {
      const stopped = (error as { message?: string }).message ?? String(error);
      report = { ...report, ended: timestamp(clock.now()), stopped };
      deps.onStopped(error);
    }
  }

  function start(by: AskedBy): boolean {
    if (running !== undefined || ending.signal.aborted) return false;
    // Whoever asks from now on is not told of the one before.
    report = { began: timestamp(clock.now()), counts: NOTHING, differences: [] };
    running = run(by).finally(() => {
      running = undefined;
    });
    return true;
  }

  /** A run that was stopped goes on at the next look; one that ended is followed by the next when its time has come. */
  async function isDue(everyMs: number): Promise<boolean> {
    const last = (await kept.get(ID))?.body;
    if (last?.place !== undefined || last?.ended === undefined) return true;
    const since = clock.now() - last.ended;
    // A clock that was set back must not put it off for ever.
    return since >= everyMs || since < 0;
  }

  async function keepTime(everyMs: number): Promise<void> {
    while (!ending.signal.aborted) {
      await clock.sleep(LOOK_MS, ending.signal);
      if (ending.signal.aborted || running !== undefined) continue;
      if (await isDue(everyMs).catch(() => false)) start({});
    }
  }
  const keepingTime = deps.everyMs === undefined ? Promise.resolve() : keepTime(deps.everyMs);

  return {
    start,
    report: () => report,
    async idle() {
      await running;
    },
    differences: () => recorded,
    async close() {
      ending.abort();
      await Promise.all([keepingTime, running]);
    },
  };
}
