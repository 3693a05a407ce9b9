/** The entry of every store thread; what it runs is named in its data. */
import { parentPort } from 'node:worker_threads';
import { runThread } from './thread.ts';

if (parentPort) await runThread(parentPort);
