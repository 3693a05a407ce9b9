/** What the parts of the publisher share: with what they work, and how far the tree is. */
import type { LogReader } from '../provenance/log-store.ts';
import type { RecordDraft } from '../provenance/record.ts';
import type { Clock } from '../store/clock.ts';
import type { Thread } from '../store/thread.ts';
import type { LastSigned } from './last-signed.ts';
import { TILE_DAMAGED } from './tile-files.ts';

export interface PublishingDeps {
  readonly reader: Pick<LogReader, 'size' | 'entries'>;
  /** Over tree-thread. Closed by whoever started it, after the publisher. */
  readonly thread: Thread;
  readonly lastSigned: LastSigned;
  readonly clock: Clock;
  readonly origin: string;
  /** The key that signs before all, as a vkey. */
  readonly key: string;
  /** Writes a record of what is done with origin and key. */
  readonly append: (draft: RecordDraft) => Promise<unknown>;
}

/** Of one publisher; each part changes what it finds out. */
export interface TreeState {
  /** Entries in the tree, signed or not. */
  size: number;
  /** The last signature: milliseconds since 1970 and by `elapsed`; the note where this process signed it. */
  signed: {
    readonly size: number;
    readonly at: number;
    readonly elapsed: number;
    readonly note: string | undefined;
  };
  /** It is known what was signed before, and that this tree goes on from it. */
  standing: boolean;
  /** A tile is not what it was: the tree is made again from the log. */
  damaged: boolean;
  /** Bundles that are sealed, in their order; undefined: not known. */
  sealed: number | undefined;
}

export function newTreeState(): TreeState {
  return {
    ...{ size: 0, signed: { size: 0, at: 0, elapsed: 0, note: undefined } },
    ...{ standing: false, damaged: false, sealed: undefined },
  };
}

export interface Publishing {
  readonly deps: PublishingDeps;
  readonly state: TreeState;
  /** False once the publisher is being closed. */
  readonly goesOn: () => boolean;
}

/** Waiting does not help, and neither does another instance: what was signed is not what is there. */
export class Refused extends Error {}

export function isDamage(error: unknown): boolean {
  return (error as { errcode?: number }).errcode === TILE_DAMAGED;
}
