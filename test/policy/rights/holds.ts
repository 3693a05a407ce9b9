/** Whether a row of the table holds for a question of which everything is known, weighed fact by fact. */
import type { Question } from '../../../src/policy/facts.ts';
import type { Right } from '../../../src/policy/rights/table.ts';
import { type Seen, see } from '../../../src/policy/seen.ts';
import { weighAll } from '../../../src/policy/weigh.ts';

export function rightHolds(right: Right, question: Question): boolean {
  const seen = see(question);
  return seen !== undefined && holds(right, seen);
}

function holds({ when, bind, except }: Right, seen: Seen): boolean {
  if (weighAll(when, seen) !== true) return false;
  if (bind && seen.address !== seen.tokenAddress) return false;
  return !except.some(
    (exception) =>
      weighAll(exception.when, seen) === true &&
      !exception.unless.some((block) => weighAll(block, seen) === true),
  );
}
