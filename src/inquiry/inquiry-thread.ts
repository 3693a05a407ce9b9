/** The thread of one question: it is started for it, and ended with it or when its time is over. */
import { parentPort, workerData } from 'node:worker_threads';
import { WardenError } from '../errors.ts';
import { answerInquiry, type Inquiry } from './answer.ts';

/** What comes back. `refused`: the question is wrong, and the sentence may be shown. */
export type InquiryOutcome =
  | { readonly answer: unknown }
  | { readonly refused: string }
  | { readonly failed: string };

async function run(): Promise<InquiryOutcome> {
  try {
    return { answer: await answerInquiry(workerData as Inquiry) };
  } catch (error) {
    const { message } = error as { message?: string };
    const sentence = message ?? String(error);
    const malformed = error instanceof WardenError && error.name === 'FILTER_MALFORMED';
    return malformed ? { refused: sentence } : { failed: sentence };
  }
}

parentPort?.postMessage(await run());
