/** Work that costs, a few at a time, with a bounded number waiting. */
export interface Lane {
  /** Starts the work now or in its turn. @returns undefined, and does nothing, when too many wait already. */
  enter<T>(work: () => Promise<T>): Promise<T> | undefined;
}

export function createLane({ width, waiting }: { readonly width: number; readonly waiting: number }): Lane {
  const queue: (() => void)[] = [];
  let busy = 0;

  async function run<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } finally {
      // The place goes to the next without becoming free in between, so that none who comes now overtakes.
      const next = queue.shift();
      if (next) next();
      else busy--;
    }
  }

  return {
    enter(work) {
      if (busy < width) {
        busy++;
        return run(work);
      }
      if (queue.length >= waiting) return undefined;
      return new Promise<void>((resolve) => queue.push(resolve)).then(() => run(work));
    },
  };
}
