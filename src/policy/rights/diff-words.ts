/** A difference of two policies in words and as data. */
import { type Question, UNKNOWN } from '../facts.ts';
import type { Policy } from '../policy.ts';
import { diffRights } from './diff.ts';
import type { Right } from './right.ts';
import { findWitness } from './witness.ts';
import { exceptionLines, rightWords } from './words.ts';
import { type WrittenRight, writtenRight } from './written.ts';

/** One row that only one of two policies allows. */
export interface Change {
  /** `alice may no longer push to prod/** from builders`. */
  readonly sentence: string;
  /** What the sentence does not say of. */
  readonly exceptions: readonly string[];
  readonly right: WrittenRight;
  /** A question with another answer; absent where none was found: then the row may say more than is so. */
  readonly example?: string;
}

export interface DescribedDiff {
  /** Digests. */
  readonly before: string;
  readonly after: string;
  readonly removed: readonly Change[];
  readonly added: readonly Change[];
}

/** Questions that are tried for all rows together, which takes longest; for one row, and for how many rows. */
const TRIES = 40_000;
const TRIES_OF_ROW = 1_000;
const ROWS_TRIED = 200;

export function describeDiff(before: Policy, after: Policy): DescribedDiff {
  const { removed, added } = diffRights(before, after);
  const tries = Math.min(
    TRIES_OF_ROW,
    Math.floor(TRIES / Math.min(ROWS_TRIED, removed.length + added.length)),
  );
  const example = (row: Right, at: number, grants: Policy, refuses: Policy) =>
    at < ROWS_TRIED ? findWitness(row, grants, refuses, tries) : undefined;
  return {
    before: before.digest,
    after: after.digest,
    removed: removed.map((row, at) => changeOf(row, 'may no longer', example(row, at, before, after))),
    added: added.map((row, at) => changeOf(row, 'may now', example(row, removed.length + at, after, before))),
  };
}

function changeOf(right: Right, may: string, witness: Question | undefined): Change {
  return {
    sentence: rightWords(right, may),
    exceptions: exceptionLines(right.except),
    right: writtenRight(right),
    ...(witness && { example: questionWords(witness) }),
  };
}

/** `alice (ci) from 10.1.2.11, push web/shop:v1`: what is known of a question. */
export function questionWords(question: Question): string {
  const { subject, address, actions, repository, tag, client } = question;
  const groups = subject.groups.length > 0 ? ` (${subject.groups.join(', ')})` : '';
  const who = subject.kind === 'anonymous' ? 'no login' : `${subject.name}${groups}`;
  const from = address === UNKNOWN ? '' : ` from ${address}`;
  const name = repository === UNKNOWN ? 'any repository' : repository;
  const behind = typeof tag === 'string' ? `:${tag}` : '';
  const agent = typeof client === 'string' ? `, ${client}` : '';
  return `${who}${from}, ${actions.join(' or ')} ${name}${behind}${agent}`;
}
