/** Bundles of entries that are signed for and full are sealed: written once, and never again. */
import { TILE_WIDTH } from '../tlog/tile.ts';
import type { Publishing } from './publishing.ts';

export interface Sealing {
  /** Some of those that are due. */
  seal(): Promise<void>;
  /** Whether others are due, as far as is known. */
  isBehind(): boolean;
}

/** Bundles that are sealed before new entries are looked for again. */
const SEALS_AT_ONCE = 32;

export function createSealing({ deps, state, goesOn }: Publishing): Sealing {
  const { reader, thread } = deps;
  const full = (): number => Math.floor(state.signed.size / TILE_WIDTH);

  /** They are sealed in their order, so the first gap is where it stopped. */
  async function firstUnsealed(end: number): Promise<number> {
    let [low, high] = [0, end];
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (await thread.call<boolean>('isSealed', { index: middle })) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  return {
    async seal() {
      const end = full();
      let next = state.sealed ?? (await firstUnsealed(end));
      state.sealed = next;
      for (let count = 0; next < end && count < SEALS_AT_ONCE && goesOn(); count++) {
        const entries = await reader.entries(next * TILE_WIDTH, TILE_WIDTH);
        await thread.call('seal', { index: next, entries });
        next++;
        state.sealed = next;
      }
    },
    isBehind: () => state.sealed !== undefined && state.sealed < full(),
  };
}
