/**
 * Keeps the tree of the log, and its signed checkpoint, up with the log. It reads beside whoever writes, does its work in
 * a thread, and can be stopped at any moment: what it has not finished it finds out and does again.
 */
import { createFollowing } from './following.ts';
import { createGrowing } from './growing.ts';
import { isDamage, newTreeState, type PublishingDeps, Refused } from './publishing.ts';
import { createSealing } from './sealing.ts';
import { createSigning } from './signing.ts';

export interface PublisherDeps extends PublishingDeps {
  /** Milliseconds between two looks for new entries. */
  readonly everyMs: number;
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

/** A signature at least so often, so that silence is not taken for a lack of events. */
const HEARTBEAT_MS = 600_000;
/** A process that had no turn for so long may have been stopped, and another may sign by now. */
const STALE_MS = 2_000;
/** Where much is to be caught up, or the database is away, what is there is shown as it is. */
const LOOK_LIMIT_MS = 2_000;
/** After a failure of its own an instance leaves the turn to others for so long. */
const UNWILLING_MS = 5_000;

export function startPublisher(deps: PublisherDeps): Publisher {
  const { reader, thread, clock, lastSigned } = deps;
  const ending = new AbortController();
  const goesOn = (): boolean => !ending.signal.aborted;
  const state = newTreeState();
  const publishing = { deps, state, goesOn };
  const growing = createGrowing(publishing);
  const signing = createSigning(publishing, growing);
  const following = createFollowing(publishing, growing);
  const sealing = createSealing(publishing);
  let trouble: string | undefined;
  let signs: boolean | undefined;
  /** By `elapsed`. */
  let willingAt = 0;
  /** By `elapsed`, when it was asked last whose turn it is. */
  let askedAt = 0;
  /** Who waits for the next round, and what begins it. */
  let looking: (() => void)[] = [];
  let wake = new AbortController();

  /** What was made from damaged tiles is not given out, and they are made again. */
  async function prove(name: 'inclusion' | 'consistency', args: object): Promise<readonly Uint8Array[]> {
    try {
      return await thread.call<readonly Uint8Array[]>(name, args);
    } catch (error) {
      state.damaged ||= isDamage(error);
      throw error;
    }
  }

  async function round(): Promise<void> {
    const asked = clock.elapsed();
    const turn = await lastSigned.turn(asked >= willingAt);
    askedAt = asked;
    if (signs !== turn.mine) deps.onTurn?.(turn.mine ? undefined : turn.signer);
    signs = turn.mine;
    if (turn.mine) await takeTurn();
    else await following.follow();
    if (goesOn()) await sealing.seal();
  }

  async function takeTurn(): Promise<void> {
    following.end();
    if (!state.standing) await signing.stand();
    await growing.growTo(await reader.size(), signing.sign);
    if (!goesOn()) return;
    const { size, note, elapsed } = state.signed;
    const due = note === undefined || clock.elapsed() - elapsed >= HEARTBEAT_MS;
    if (state.size > size || due) await signing.sign();
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
        state.standing = false;
        state.damaged ||= isDamage(error);
        await leave(error);
      }
      for (const done of asked) done();
      if (looking.length > 0) continue;
      const pause = sealing.isBehind() && trouble === undefined ? 0 : deps.everyMs;
      await clock.sleep(pause, AbortSignal.any([ending.signal, wake.signal]));
    }
    for (const done of looking) done();
  }
  const beating = beat();

  return {
    state: () => ({
      ...{ size: state.size, signedSize: state.signed.size, signedAt: state.signed.at, trouble },
      ...{ signs: signs === true, cosignedElsewhere: following.cosigned() },
    }),
    newest: () => (signs ? state.signed.note : undefined),
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
