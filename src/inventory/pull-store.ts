/** Where pulls are counted: a file of this instance, or the database of all. */
import type { Thread } from '../store/thread.ts';
import type { FoundPull, PullCount, PullQuestion } from './pull.ts';
import type { PullRankingQuestion, PullSeriesQuestion, PullsOfName, PullsOfTime } from './pull-tallies.ts';

/** What can be asked. Every function rejects with a StoreError when the storage fails. */
export interface PullQuestions {
  find(question: PullQuestion): Promise<readonly FoundPull[]>;
  /** All that something was pulled from. */
  repositories(): Promise<readonly string[]>;
  /** How much was pulled over time. */
  series(question: PullSeriesQuestion): Promise<readonly PullsOfTime[]>;
  /** By whom, or of what, most. */
  ranking(question: PullRankingQuestion): Promise<readonly PullsOfName[]>;
}

export interface PullStore extends PullQuestions {
  /** All of them, once, or none. */
  add(pulls: readonly PullCount[]): Promise<void>;
}

/** @param thread over inventory-thread, closed by whoever started it. */
export function sqlitePulls(thread: Thread): PullStore {
  return {
    add: (pulls) => thread.call('add', pulls),
    find: (question) => thread.call('find', question),
    repositories: () => thread.call('repositories'),
    series: (question) => thread.call('series', question),
    ranking: (question) => thread.call('ranking', question),
  };
}

/** Of an instance that nothing was pulled from yet. */
export const NO_PULLS: PullQuestions = {
  find: async () => [],
  repositories: async () => [],
  series: async () => [],
  ranking: async () => [],
};
