/** Questions about the policy, each in a thread of its own: however large it is, nothing else waits for it. */
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { WardenError } from '../errors.ts';
import type { Inquiry } from './answer.ts';
import type { InquiryOutcome } from './inquiry-thread.ts';
import { readParameters } from './parameters.ts';

export interface Inquiries {
  /** @throws {WardenError} FILTER_MALFORMED, OVERLOADED where others are being answered or it took too long, INTERNAL. */
  ask(inquiry: Inquiry): Promise<unknown>;
  /** Ends what is being answered. */
  close(): Promise<void>;
}

/** Of which the others wait for the first. */
const AT_ONCE = 4;
const TIMEOUT_MS = 30_000;
/** For one question; 10 000 rules and all their rows take less. */
const MEGABYTES = 512;

export function createInquiries(timeoutMs = TIMEOUT_MS): Inquiries {
  const running = new Set<Worker>();
  let waiting = 0;
  let last: Promise<unknown> = Promise.resolve();

  async function answer(inquiry: Inquiry): Promise<unknown> {
    const outcome = await runThread(inquiry, running, timeoutMs);
    if ('answer' in outcome) return outcome.answer;
    if ('refused' in outcome) throw new WardenError('FILTER_MALFORMED', { sentence: outcome.refused });
    throw new WardenError('INTERNAL', { cause: new Error(outcome.failed) });
  }

  return {
    async ask(inquiry) {
      // What is plainly wrong needs no thread.
      readParameters(inquiry.kind, inquiry.raw);
      if (waiting >= AT_ONCE)
        throw new WardenError('OVERLOADED', {
          sentence: 'too many questions about the policy at once; try again',
        });
      waiting++;
      const mine = last.then(() => answer(inquiry));
      last = mine.catch(() => undefined);
      try {
        return await mine;
      } finally {
        waiting--;
      }
    },
    async close() {
      await Promise.all([...running].map((worker) => worker.terminate()));
    },
  };
}

async function runThread(inquiry: Inquiry, running: Set<Worker>, timeoutMs: number): Promise<InquiryOutcome> {
  const ending = extname(import.meta.filename);
  const worker = new Worker(new URL(`./inquiry-thread${ending}`, import.meta.url), {
    workerData: inquiry,
    resourceLimits: { maxOldGenerationSizeMb: MEGABYTES },
  });
  running.add(worker);
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise<InquiryOutcome>((resolve, reject) => {
      const sentence = `the answer takes longer than ${timeoutMs / 1000} seconds; ask for less, or use warden policy on the machine`;
      timer = setTimeout(() => reject(new WardenError('OVERLOADED', { sentence })), timeoutMs);
      worker.once('message', resolve);
      worker.once('error', (error) => resolve({ failed: error.message }));
      worker.once('exit', () => resolve({ failed: 'the thread of the question ended' }));
    });
  } finally {
    clearTimeout(timer);
    running.delete(worker);
    await worker.terminate();
  }
}
