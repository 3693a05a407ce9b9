/**
 * Keeps the tree of the log, and its signed checkpoint, up with the log. It reads beside whoever writes, does its work in
 * a thread, and can be stopped at any moment: what it has not finished it finds out and does again.
 */
import type { LogReader } from '../provenance/log-store.ts';
import type { RecordDraft } from '../provenance/record.ts';
import type { Clock } from '../store/clock.ts';
import type { Thread } from '../store/thread.ts';
import { TILE_WIDTH } from '../tlog/tile.ts';
import { another, type Standing, shorter } from './standing.ts';
import { TILE_DAMAGED } from './tile-files.ts';
import type { SignedTree } from './tree-thread.ts';

export interface PublisherDeps {
  readonly reader: Pick<LogReader, 'size' | 'entries'>;
  /** Over tree-thread. Closed by whoever started it, after the publisher. */
  readonly thread: Thread;
  readonly clock: Clock;
  /** Milliseconds between two looks for new entries. */
  readonly everyMs: number;
  readonly origin: string;
  /** The key that signs before all, as a vkey. */
  readonly key: string;
  /** Writes a record of what is done with origin and key. */
  readonly append: (draft: RecordDraft) => Promise<unknown>;
  /** Told at each change of what keeps the tree from being signed. Must not throw. */
  readonly onTrouble: (why: string | undefined) => void;
}

export interface PublisherState {
  /** Entries in the tree, signed or not. */
  readonly size: number;
  readonly signedSize: number;
  /** Milliseconds since 1970; 0 before the first signature of this process. */
  readonly signedAt: number;
  /** Why nothing is signed. */
  readonly trouble: string | undefined;
}

export interface Publisher {
  state(): PublisherState;
  /** The newest note with the log's own signatures, of this process. */
  newest(): string | undefined;
  /** From the leaf's sibling up, in the tree of `size`, which must be there. */
  inclusion(index: number, size: number): Promise<readonly Uint8Array[]>;
  consistency(from: number, to: number): Promise<readonly Uint8Array[]>;
  /** Puts a note with cosignatures in place. `whole`: it has as many as are wanted. */
  publish(note: string, whole: boolean): Promise<void>;
  close(): Promise<void>;
}

/** Entries that are read at once, a multiple of a bundle. */
const BATCH = 1_024;
/** While much is to be caught up: entries between two places from which it could be taken up again. */
const FLUSH_EVERY = 65_536;
/** Bundles that are sealed before new entries are looked for again. */
const SEALS_AT_ONCE = 32;
/** A signature at least so often, so that silence is not taken for a lack of events. */
const HEARTBEAT_MS = 600_000;

export function startPublisher(deps: PublisherDeps): Publisher {
  const { reader, thread, clock, origin } = deps;
  const ending = new AbortController();
  let standing: 'going-on' | undefined;
  let size = 0;
  let signed = { size: 0, at: 0, elapsed: 0, note: undefined as string | undefined };
  let sealed: number | undefined;
  let trouble: string | undefined;

  let damaged = false;

  const goesOn = (): boolean => !ending.signal.aborted;

  /** What was made from damaged tiles is not given out, and they are made again. */
  async function prove(name: 'inclusion' | 'consistency', args: object): Promise<readonly Uint8Array[]> {
    try {
      return await thread.call<readonly Uint8Array[]>(name, args);
    } catch (error) {
      damaged ||= isDamage(error);
      throw error;
    }
  }

  /** @returns whether the log says that the origin was opened before. */
  async function grow(until: number): Promise<boolean> {
    let openedBefore = false;
    let unflushed = 0;
    while (size < until && goesOn()) {
      const leaves = await reader.entries(size, Math.min(BATCH, until - size));
      if (leaves.length === 0) break;
      const grown = await thread.call<{ size: number; openedBefore: boolean }>('append', {
        from: size,
        leaves,
      });
      size = grown.size;
      openedBefore = grown.openedBefore;
      unflushed += leaves.length;
      if (unflushed < FLUSH_EVERY) continue;
      unflushed = 0;
      if (standing !== undefined && size >= signed.size) await sign();
      else await thread.call('flush');
    }
    return openedBefore;
  }

  async function sign(): Promise<void> {
    const answer = await thread.call<SignedTree>('sign');
    if (!answer.ok) {
      standing = undefined;
      throw new Error(answer.why);
    }
    signed = { size: answer.size, at: clock.now(), elapsed: clock.elapsed(), note: answer.note };
  }

  async function restart(at: number): Promise<void> {
    await thread.call('restart', { size: at });
    size = at;
    sealed = undefined;
  }

  /** Finds out what was signed before, and begins an origin where that is due. */
  async function stand(): Promise<void> {
    const found = await thread.call<Standing>('standing');
    if (found.kind === 'refused') throw new Error(found.why);
    if (found.kind === 'going-on') await goOn(found.size);
    else await begin(found);
    if (!goesOn()) return;
    if (found.kind === 'going-on' && found.keys[0] !== deps.key) {
      const [from] = found.keys;
      await deps.append({
        type: 'key.changed',
        key: { use: 'log', change: 'signs', kid: deps.key, ...(from === undefined ? {} : { from }) },
      });
    }
    standing = 'going-on';
  }

  async function goOn(before: number): Promise<void> {
    const there = await reader.size();
    if (there < before) throw new Error(shorter(there, before, origin));
    signed = { ...signed, size: before };
    size = await thread.call<number>('size');
    if (size > there || !(await agrees())) {
      // What was not signed may be another after a crash; what was signed may not.
      if (size <= before) await restart(0);
      else {
        await restart(before);
        if (!(await agrees())) throw new Error(another(before, origin));
      }
    }
  }

  /** Whether the last entries of the tree are those of the log: ids are never used twice, so one is enough. */
  async function agrees(): Promise<boolean> {
    if (size === 0) return true;
    const from = Math.max(0, size - TILE_WIDTH);
    const leaves = await reader.entries(from, size - from);
    return leaves.length === size - from && (await thread.call<boolean>('agrees', { from, leaves }));
  }

  async function begin(found: Extract<Standing, { kind: 'new' | 'following' }>): Promise<void> {
    if (found.kind === 'following') await thread.call('putAside');
    await restart(0);
    signed = { ...signed, size: 0 };
    const openedBefore = await grow(await reader.size());
    if (!goesOn()) return;
    if (found.kind === 'new' && openedBefore) {
      throw new Error(
        `the log says that ${origin} was signed before, and what was signed last is not known here: bring back transparency.lockFile, adopt a checkpoint with warden log adopt, or open a new origin with warden log open-origin`,
      );
    }
    const previous = found.kind === 'following' ? found.previous : undefined;
    await deps.append({
      type: 'log.opened',
      log: { origin, key: deps.key, ...(previous === undefined ? {} : { previous }) },
    });
    await thread.call('begin');
  }

  async function seal(): Promise<void> {
    const full = Math.floor(signed.size / TILE_WIDTH);
    sealed ??= await firstUnsealed(full);
    for (let count = 0; sealed < full && count < SEALS_AT_ONCE && goesOn(); count++) {
      const entries = await reader.entries(sealed * TILE_WIDTH, TILE_WIDTH);
      await thread.call('seal', { index: sealed, entries });
      sealed++;
    }
  }

  /** They are sealed in their order, so the first gap is where it stopped. */
  async function firstUnsealed(full: number): Promise<number> {
    let [low, high] = [0, full];
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (await thread.call<boolean>('isSealed', { index: middle })) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  async function round(): Promise<void> {
    if (standing === undefined) await stand();
    if (damaged) {
      // All of it is derived from the log: it is made again, and what was signed is compared before the next signature.
      await restart(0);
      damaged = false;
    }
    const there = await reader.size();
    if (there < signed.size) {
      standing = undefined;
      throw new Error(shorter(there, signed.size, origin));
    }
    await grow(there);
    if (!goesOn()) return;
    const due = signed.note === undefined || clock.elapsed() - signed.elapsed >= HEARTBEAT_MS;
    if (size > signed.size || due) await sign();
    await seal();
  }

  function show(why: string | undefined): void {
    if (why === trouble) return;
    trouble = why;
    deps.onTrouble(why);
  }

  async function beat(): Promise<void> {
    while (goesOn()) {
      try {
        await round();
        show(undefined);
      } catch (error) {
        show((error as { message: string }).message);
        standing = undefined;
        damaged ||= isDamage(error);
      }
      const behind = sealed !== undefined && sealed < Math.floor(signed.size / TILE_WIDTH);
      await clock.sleep(behind && trouble === undefined ? 0 : deps.everyMs, ending.signal);
    }
  }
  const beating = beat();

  return {
    state: () => ({ size, signedSize: signed.size, signedAt: signed.at, trouble }),
    newest: () => signed.note,
    inclusion: (index, size) => prove('inclusion', { index, size }),
    consistency: (from, to) => prove('consistency', { from, to }),
    publish: (note, whole) => thread.call('publish', { note, whole }),
    async close() {
      ending.abort();
      await beating;
    },
  };
}

function isDamage(error: unknown): boolean {
  return (error as { errcode?: number }).errcode === TILE_DAMAGED;
}
