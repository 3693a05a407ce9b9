/** Puts recorded requests to two policies, and keeps those whose answers differ. */
import { decide } from '../policy/decide.ts';
import type { Question, Verdict } from '../policy/facts.ts';
import type { Policy } from '../policy/policy.ts';
import { questionWords } from '../policy/rights/diff-words.ts';
import { ASSUMPTIONS, type Assumption, OMISSIONS, type Omission, type Recorded } from './recorded.ts';

/** Requests whose answer changes, of one caller, action and repository. */
export interface ReplayedChange {
  readonly user: string;
  readonly action: string;
  readonly repository: string;
  readonly before: Verdict;
  readonly after: Verdict;
  /** Ids of what decided. */
  readonly rulesBefore: readonly string[];
  readonly rulesAfter: readonly string[];
  readonly count: number;
  /** The newest of them, and when it was, in RFC 3339. */
  readonly example: string;
  readonly last: string;
}

export interface ReplayAnswer {
  /** Requests that were asked about again. */
  readonly requests: number;
  /** Of them, those whose answer changes. */
  readonly changed: number;
  /** Most requests first. */
  readonly changes: readonly ReplayedChange[];
  /** Changes that are counted and not listed. */
  readonly unlisted: number;
  /** What was taken for granted, and of how many requests. */
  readonly assumed: readonly { readonly what: string; readonly requests: number }[];
  /** Requests that could not be asked about, and why. */
  readonly omitted: readonly { readonly what: string; readonly requests: number }[];
}

export interface Replay {
  add(recorded: Recorded): void;
  omit(why: Omission, requests: number): void;
  answer(): ReplayAnswer;
}

/** Different changes that are kept; more are counted only. */
const CHANGES_KEPT = 1_000;

interface Kept {
  readonly change: Omit<ReplayedChange, 'count' | 'example' | 'last'>;
  count: number;
  newest: { readonly question: Question; readonly time: number };
}

export function createReplay(before: Policy, after: Policy): Replay {
  const kept = new Map<string, Kept>();
  const assumed = new Map<Assumption, number>();
  const omitted = new Map<Omission, number>();
  let requests = 0;
  let changed = 0;
  let unlisted = 0;
  return {
    add({ question, time, count, assumed: assumptions }) {
      requests += count;
      for (const one of assumptions) assumed.set(one, (assumed.get(one) ?? 0) + count);
      const old = decide(before, question);
      const fresh = decide(after, question);
      if (old.verdict === fresh.verdict) return;
      changed += count;
      const change = {
        user: question.subject.name,
        action: question.actions.join(' or '),
        repository: String(question.repository),
        before: old.verdict,
        after: fresh.verdict,
        rulesBefore: old.rules,
        rulesAfter: fresh.rules,
      };
      const key = JSON.stringify(change);
      const like = kept.get(key);
      if (like !== undefined) {
        like.count += count;
        if (time > like.newest.time) like.newest = { question, time };
      } else if (kept.size < CHANGES_KEPT) kept.set(key, { change, count, newest: { question, time } });
      else unlisted += count;
    },
    omit(why, count) {
      omitted.set(why, (omitted.get(why) ?? 0) + count);
    },
    answer: () => ({
      requests,
      changed,
      changes: [...kept.values()]
        .sort((a, b) => b.count - a.count || b.newest.time - a.newest.time)
        .map(({ change, count, newest }) => ({
          ...change,
          count,
          example: questionWords(newest.question),
          last: new Date(newest.time).toISOString(),
        })),
      unlisted,
      assumed: [...assumed].map(([key, count]) => ({ what: ASSUMPTIONS[key], requests: count })),
      omitted: [...omitted].map(([key, count]) => ({ what: OMISSIONS[key], requests: count })),
    }),
  };
}
