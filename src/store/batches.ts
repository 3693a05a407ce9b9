/**
 * Gathers what comes while a batch is under way into the next one, so that many callers share one commit.
 */
export interface Batches<C, R> {
  /** Fulfilled with the result of its place in the batch; rejected with the batch, or by its own error. */
  add(call: C): Promise<R>;
}

/** What became of one call of a batch. */
export type Outcome<R> = { readonly value: R } | { readonly error: unknown };

interface Waiting<C, R> {
  readonly call: C;
  resolve(value: R): void;
  reject(error: unknown): void;
}

/** @param run answers one outcome for each call, in order. One batch at a time. */
export function createBatches<C, R>(
  run: (calls: readonly C[]) => Promise<readonly Outcome<R>[]>,
  limit: number,
): Batches<C, R> {
  const queue: Waiting<C, R>[] = [];
  let running = false;

  async function drain(): Promise<void> {
    if (running) return;
    running = true;
    // What is called in the same turn goes together.
    await Promise.resolve();
    while (queue.length > 0) {
      const batch = queue.splice(0, limit);
      try {
        const outcomes = await run(batch.map(({ call }) => call));
        batch.forEach((waiting, at) => {
          const outcome = outcomes[at];
          if (outcome && 'value' in outcome) waiting.resolve(outcome.value);
          else waiting.reject(outcome?.error);
        });
      } catch (error) {
        for (const waiting of batch) waiting.reject(error);
      }
    }
    running = false;
  }

  return {
    add: (call) =>
      new Promise((resolve, reject) => {
        queue.push({ call, resolve, reject });
        void drain();
      }),
  };
}
