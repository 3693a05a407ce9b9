/**
 * Keeps the tree of the log, and its signed checkpoint, up with the log. It reads beside whoever writes, does its work in
 * a thread, and can be stopped at any moment: what it has not finished it finds out and does again.
 */
import type { LogReader } from '../provenance/log-store.ts';
import type { RecordDraft } from '../provenance/record.ts';
import type { Clock } from '../store/clock.ts';
import type { Thread } from '../store/thread.ts';
import { TILE_WIDTH } from '../tlog/tile.ts';
import type { LastSigned, SignedLast } from './last-signed.ts';
import type { SigningLock } from './signing-lock.ts';
import { another, type Standing, shorter } from './standing.ts';
import { TILE_DAMAGED } from './tile-files.ts';
import type { SignedTree } from './tree-thread.ts';

export interface PublisherDeps {
  readonly reader: Pick<LogReader, 'size' | 'entries'>;
  /** Over tree-thread. Closed by whoever started it, after the publisher. */
  readonly thread: Thread;
  readonly lastSigned: LastSigned;
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
  /** Told at each change of who signs; undefined: this process. Must not throw. */
  readonly onTurn?: (signer: string | undefined) => void;
}

export interface PublisherState {
  /** Entries in the tree, signed or not. */
  readonly size: number;
  readonly signedSize: number;
  /** Milliseconds since 1970; 0 before the first signature of this process. */
  readonly signedAt: number;
  /** Why nothing is signed. */
  readonly trouble: string | undefined;
  /** Whether this process is the one that signs. */
  readonly signs: boolean;
  /** The newest note that enough witnesses cosigned for another instance, as far as it is shown here. */
  readonly cosignedElsewhere: string | undefined;
}

export interface Publisher {
  state(): PublisherState;
  /**
   * Looks for what another instance has signed; at once where this one signs, and was not stopped meanwhile. Never
   * rejected, and soon over: what is there can then be older than what the others show.
   */
  look(): Promise<void>;
  /** The newest note with the log's own signatures, of this process; undefined while another signs. */
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
/** A process that had no turn for so long may have been stopped, and another may sign by now. */
const STALE_MS = 2_000;
/** Where much is to be caught up, or the database is away, what is there is shown as it is. */
const LOOK_LIMIT_MS = 2_000;
/** After a failure of its own an instance leaves the turn to others for so long. */
const UNWILLING_MS = 5_000;

/** Waiting does not help, and neither does another instance: what was signed is not what is there. */
class Refused extends Error {}

export function startPublisher(deps: PublisherDeps): Publisher {
  const { reader, thread, clock, origin, lastSigned } = deps;
  const { place } = lastSigned;
  const ending = new AbortController();
  let standing: 'going-on' | undefined;
  let size = 0;
  let signed = { size: 0, at: 0, elapsed: 0, note: undefined as string | undefined };
  let sealed: number | undefined;
  let trouble: string | undefined;
  let damaged = false;
  let signs: boolean | undefined;
  /** By `elapsed`. */
  let willingAt = 0;
  /** By `elapsed`, when it was asked last whose turn it is. */
  let askedAt = 0;
  /** What of another's is shown here. */
  let shown: number | undefined;
  let cosignedElsewhere: string | undefined;
  /** Who waits for the next round, and what begins it. */
  let looking: (() => void)[] = [];
  let wake = new AbortController();

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
    const last = await lastSigned.read();
    if (last.remembered !== undefined) await requireGoesOn(last.remembered);
    const answer = await thread.call<SignedTree>('sign', { lock: last.lock, place });
    if (!answer.ok) {
      standing = undefined;
      throw new Refused(answer.why);
    }
    const { size: signedSize, note, next } = answer;
    // First what was signed, then the signature: so no crash lets one out that is not remembered.
    if (!(await lastSigned.swap(last, next))) {
      standing = undefined;
      if (!(await lastSigned.turn(false)).mine) return;
      throw new Error(`${place} was changed by somebody else while Warden was signing`);
    }
    await lastSigned.remember(next);
    await thread.call('show', { next, note, again: last.lock?.checkpoint === note });
    signed = { size: signedSize, at: clock.now(), elapsed: clock.elapsed(), note };
  }

  async function requireGoesOn(before: { readonly size: number; readonly root: string }): Promise<void> {
    if (before.size > size) throw new Refused(shorter(size, before.size, origin));
    if (!(await thread.call<boolean>('goesOnFrom', before))) throw new Refused(another(before.size, origin));
  }

  async function restart(at: number): Promise<void> {
    await thread.call('restart', { size: at });
    size = at;
    sealed = undefined;
  }

  /** Finds out what was signed before, and begins an origin where that is due. */
  async function stand(): Promise<void> {
    const last = await lastSigned.read();
    const found = await thread.call<Standing>('standing', { lock: last.lock, place });
    if (found.kind === 'refused') throw new Refused(found.why);
    if (found.kind === 'going-on') await goOn(found.size);
    else await begin(found, last);
    if (!goesOn()) return;
    if (found.kind === 'going-on' && found.size === 0) await requireOpened(last);
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
    if (there < before) throw new Refused(shorter(there, before, origin));
    signed = { ...signed, size: before };
    size = await thread.call<number>('size');
    if (size > there || !(await agrees())) {
      // What was not signed may be another after a crash; what was signed may not.
      if (size <= before) await restart(0);
      else {
        await restart(before);
        if (!(await agrees())) throw new Refused(another(before, origin));
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

  async function begin(
    found: Extract<Standing, { kind: 'new' | 'following' }>,
    last: SignedLast,
  ): Promise<void> {
    if (found.kind === 'following') await thread.call('putAside');
    await restart(0);
    signed = { ...signed, size: 0 };
    const openedBefore = await grow(await reader.size());
    if (!goesOn()) return;
    if (found.kind === 'new' && openedBefore) {
      throw new Refused(
        `the log says that ${origin} was signed before, and what was signed last is not known here: bring back transparency.lockFile, adopt a checkpoint with warden log adopt, or open a new origin with warden log open-origin`,
      );
    }
    const next = await thread.call<SigningLock>('begun', last.lock);
    // Before the record of it: a crash in between leaves an origin of which it is known that nothing was signed.
    if (!(await lastSigned.swap(last, next))) throw new Error(`${place} was changed by somebody else`);
    await lastSigned.remember(next);
    if (!openedBefore) await open(found.kind === 'following' ? found.previous : undefined);
  }

  async function open(previous: string | undefined): Promise<void> {
    await deps.append({
      type: 'log.opened',
      log: { origin, key: deps.key, ...(previous === undefined ? {} : { previous }) },
    });
  }

  /** Of an origin that was begun, and not yet signed for: its record may be missing. */
  async function requireOpened({ lock }: SignedLast): Promise<void> {
    await restart(0);
    const openedBefore = await grow(await reader.size());
    if (!openedBefore && goesOn()) await open(lock?.former.at(-1));
  }

  /** Shows here what another instance signs, where that is a beginning of the log as it is read here. */
  async function follow(): Promise<void> {
    const last = await lastSigned.read();
    if (standing !== undefined || shown === undefined) {
      // The tree may have grown by entries of which it is not known whether they are still the same.
      standing = undefined;
      size = await thread.call<number>('size');
      if (size > (await reader.size()) || !(await agrees())) await restart(0);
      shown = 0;
    }
    const found = await thread.call<Standing>('standing', { lock: last.lock, place });
    if (found.kind === 'refused') throw new Refused(found.why);
    if (found.kind !== 'going-on' || last.lock === undefined || last.note === undefined) return;
    await growTo(await reader.size());
    if (!goesOn() || last.shown === shown) return;
    if (last.remembered !== undefined) await requireGoesOn(last.remembered);
    await requireGoesOn(last.lock.current);
    await lastSigned.remember(last.lock);
    await thread.call('showOther', { note: last.note, cosigned: last.cosigned });
    signed = { size: found.size, at: last.at ?? 0, elapsed: clock.elapsed(), note: undefined };
    cosignedElsewhere = last.cosigned;
    shown = last.shown;
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

  async function growTo(there: number): Promise<void> {
    if (damaged) {
      // All of it is derived from the log: it is made again, and what was signed is compared before the next signature.
      await restart(0);
      damaged = false;
    }
    if (there < signed.size) {
      standing = undefined;
      throw new Refused(shorter(there, signed.size, origin));
    }
    await grow(there);
  }

  async function round(): Promise<void> {
    const asked = clock.elapsed();
    const turn = await lastSigned.turn(asked >= willingAt);
    askedAt = asked;
    if (signs !== turn.mine) deps.onTurn?.(turn.mine ? undefined : turn.signer);
    signs = turn.mine;
    if (!turn.mine) {
      await follow();
      return seal();
    }
    if (shown !== undefined) standing = undefined;
    shown = undefined;
    if (standing === undefined) await stand();
    await growTo(await reader.size());
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

  /** What is wrong with this instance alone, such as its disk, is not wrong with the others. */
  async function leave(error: unknown): Promise<void> {
    if (!signs || !lastSigned.shared || error instanceof Refused || isDamage(error)) return;
    willingAt = clock.elapsed() + UNWILLING_MS;
    await lastSigned.giveBack().catch(() => undefined);
  }

  async function beat(): Promise<void> {
    while (goesOn()) {
      const asked = looking;
      looking = [];
      wake = new AbortController();
      try {
        await round();
        show(undefined);
      } catch (error) {
        show((error as { message: string }).message);
        standing = undefined;
        damaged ||= isDamage(error);
        await leave(error);
      }
      for (const done of asked) done();
      if (looking.length > 0) continue;
      const behind = sealed !== undefined && sealed < Math.floor(signed.size / TILE_WIDTH);
      const pause = behind && trouble === undefined ? 0 : deps.everyMs;
      await clock.sleep(pause, AbortSignal.any([ending.signal, wake.signal]));
    }
    for (const done of looking) done();
  }
  const beating = beat();

  return {
    state: () => ({
      ...{ size, signedSize: signed.size, signedAt: signed.at, trouble },
      ...{ signs: signs === true, cosignedElsewhere },
    }),
    newest: () => (signs ? signed.note : undefined),
    async look() {
      const sure = !lastSigned.shared || (signs === true && clock.elapsed() - askedAt < STALE_MS);
      if (sure || signs === undefined || !goesOn()) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      looking.push(resolve);
      wake.abort();
      await Promise.race([promise, clock.sleep(LOOK_LIMIT_MS)]);
    },
    inclusion: (index, size) => prove('inclusion', { index, size }),
    consistency: (from, to) => prove('consistency', { from, to }),
    async publish(note, whole) {
      await thread.call('publish', { note, whole });
      await lastSigned.cosigned(note, whole);
    },
    async close() {
      ending.abort();
      await beating;
      if (signs) await lastSigned.giveBack().catch(() => undefined);
    },
  };
}

function isDamage(error: unknown): boolean {
  return (error as { errcode?: number }).errcode === TILE_DAMAGED;
}
