/** The thread in which the texts of one large policy are checked: it ends with its answer. */
import { parentPort, workerData } from 'node:worker_threads';
import { checkTexts, type PolicyText } from './policy-texts.ts';

parentPort?.postMessage(checkTexts(workerData as readonly PolicyText[]));
