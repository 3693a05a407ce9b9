/** The tree that grows with the log, entry by entry, and is held against it. */
import { TILE_WIDTH } from '../tlog/tile.ts';
import { type Publishing, Refused } from './publishing.ts';
import { another, shorter } from './standing.ts';

export interface Growing {
  /**
   * @param there entries of the log. @param sign on the way through very many, so that none of it is done again.
   * @throws {Refused} where more were signed than there are.
   */
  growTo(there: number, sign?: () => Promise<void>): Promise<void>;
  /** All of the log. @returns whether it says that the origin was opened before. */
  growAll(): Promise<boolean>;
  /** Keeps the first `size` entries, and no others. */
  restart(size: number): Promise<void>;
  /** Takes up the tree that is on disk. @returns whether it is of this log: no longer, and with the same last entries. */
  takeUp(there: number): Promise<boolean>;
  /** Whether the last entries of the tree are those of the log: ids are never used twice, so one is enough. */
  agrees(): Promise<boolean>;
  /** @throws {Refused} where the tree does not go on from what was signed. */
  requireGoesOn(before: { readonly size: number; readonly root: string }): Promise<void>;
}

/** Entries that are read at once, a multiple of a bundle. */
const BATCH = 1_024;
/** While much is to be caught up: entries between two places from which it could be taken up again. */
const FLUSH_EVERY = 65_536;

export function createGrowing({ deps, state, goesOn }: Publishing): Growing {
  const { reader, thread, origin } = deps;

  /** @returns whether the log says that the origin was opened before. */
  async function grow(until: number, sign?: () => Promise<void>): Promise<boolean> {
    let openedBefore = false;
    let unflushed = 0;
    while (state.size < until && goesOn()) {
      const leaves = await next(Math.min(BATCH, until - state.size));
      if (leaves.length === 0) break;
      const grown = await thread.call<{ size: number; openedBefore: boolean }>('append', {
        from: state.size,
        leaves,
      });
      state.size = grown.size;
      openedBefore = grown.openedBefore;
      unflushed += leaves.length;
      if (unflushed < FLUSH_EVERY) continue;
      unflushed = 0;
      if (sign !== undefined && state.standing && state.size >= state.signed.size) await sign();
      else await thread.call('flush');
    }
    return openedBefore;
  }

  /**
   * The next entries, read along with the one before them, which must be the last of the tree: a log that was put back to
   * an earlier state beneath this process may have grown past it since.
   */
  async function next(limit: number): Promise<readonly Uint8Array[]> {
    const { size } = state;
    if (size === 0) return reader.entries(0, limit);
    const [before, ...leaves] = await reader.entries(size - 1, limit + 1);
    const same =
      before !== undefined && (await thread.call<boolean>('agrees', { from: size - 1, leaves: [before] }));
    if (same) return leaves;
    state.standing = false;
    state.damaged = true;
    throw new Refused(
      `entry ${size - 1} of the log is another than a moment ago: the tree is made again, and held against what was signed`,
    );
  }

  async function restart(size: number): Promise<void> {
    await thread.call('restart', { size });
    state.size = size;
    state.sealed = undefined;
  }

  async function agrees(): Promise<boolean> {
    const { size } = state;
    if (size === 0) return true;
    const from = Math.max(0, size - TILE_WIDTH);
    const leaves = await reader.entries(from, size - from);
    return leaves.length === size - from && (await thread.call<boolean>('agrees', { from, leaves }));
  }

  return {
    async growTo(there, sign) {
      if (state.damaged) {
        // All of it is derived from the log: it is made again, and what was signed is compared before the next signature.
        await restart(0);
        state.damaged = false;
      }
      if (there < state.signed.size) {
        state.standing = false;
        throw new Refused(shorter(there, state.signed.size, origin));
      }
      await grow(there, sign);
    },
    growAll: async () => grow(await reader.size()),
    restart,
    async takeUp(there) {
      state.size = await thread.call<number>('size');
      return state.size <= there && (await agrees());
    },
    agrees,
    async requireGoesOn(before) {
      if (before.size > state.size) throw new Refused(shorter(state.size, before.size, origin));
      if (!(await thread.call<boolean>('goesOnFrom', before)))
        throw new Refused(another(before.size, origin));
    },
  };
}
