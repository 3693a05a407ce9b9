/**
 * Whether the record can be written, kept by what happened to real writes and by a probe.
 *
 * A failed write makes it unwritable at once; only a durable write that succeeds makes it writable again. Free space is
 * watched besides, so that pushes stop while there is still room to conclude those that are under way.
 */
import { failureSentence, isStorageFailure } from '../store/failure-sentence.ts';

export type RecordHealth = { readonly writable: true } | { readonly writable: false; readonly why: string };

export interface Health {
  current(): RecordHealth;
  /** A write failed. What was no failure of the storage (a refusal by a constraint, a wrong call) changes nothing. */
  failed(error: unknown): void;
  succeeded(): void;
  /** Called each second. Never rejected. */
  tick(): Promise<void>;
}

export interface HealthDeps {
  /** A tiny durable write. */
  probe(): Promise<void>;
  /** In bytes, on the disk of the log. */
  freeBytes(): Promise<number>;
  readonly minimumFreeBytes: number;
  /** Called at each change. Must not throw. */
  onHealth(health: RecordHealth): void;
}

const WHAT = 'the push record cannot be written';

export function createHealth({ probe, freeBytes, minimumFreeBytes, onHealth }: HealthDeps): Health {
  let broken: string | undefined;
  let low: string | undefined;
  let shown: string | undefined;

  function show(): void {
    const why = broken ?? low;
    if (why === shown) return;
    shown = why;
    onHealth(current());
  }

  function current(): RecordHealth {
    return shown === undefined ? { writable: true } : { writable: false, why: shown };
  }

  function failed(error: unknown): void {
    if (!isStorageFailure(error)) return;
    broken = failureSentence(WHAT, error);
    show();
  }

  function succeeded(): void {
    broken = undefined;
    show();
  }

  return {
    current,
    failed,
    succeeded,
    async tick() {
      try {
        const free = await freeBytes();
        low =
          free < minimumFreeBytes
            ? `${WHAT}: its disk has ${free} bytes free, and ${minimumFreeBytes} are kept as a reserve`
            : undefined;
      } catch (error) {
        low = `${WHAT}: the free space of its disk is not known: ${(error as { message?: string }).message}`;
      }
      if (broken !== undefined) await probe().then(succeeded, failed);
      show();
    },
  };
}
