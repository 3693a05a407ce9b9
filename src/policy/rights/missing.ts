/** What one row allows and some other rows do not, in rows again. */
import { conditionsCover } from '../covers.ts';
import { alikeJoined, splittings } from './lists.ts';
import { meet } from './meet.ts';
import type { Exception, Right } from './right.ts';
import { rightCovers, sharpened } from './sharpen.ts';

/** Steps for one row. When they are used up, what is left is told as a whole: too much rather than too little. */
const STEPS = 600;

/**
 * @param others rows that may allow the same.
 * @returns rows that together hold for every question for which `row` holds and none of `others` does. They may hold for a few
 *   more, where conditions cannot say it exactly.
 */
export function missingOf(row: Right, others: readonly Right[]): readonly Right[] {
  const budget = { left: STEPS };
  return look(row, others, budget);
}

function look(row: Right, others: readonly Right[], budget: { left: number }): readonly Right[] {
  if (budget.left-- <= 0) return [row];
  if (others.some((other) => rightCovers(other, row))) return [];
  for (const [at, other] of others.entries()) {
    if (!conditionsCover(other.when, row.when) || (other.bind && !row.bind)) continue;
    const pieces = exceptedBy(row, other);
    if (pieces === undefined) continue;
    const rest = others.toSpliced(at, 1);
    return pieces.flatMap((piece) => look(piece, rest, budget));
  }
  for (const parts of splittings(row)) {
    const left = parts.map((part) => look(part, others, budget));
    if (left.every(([first, ...more], at) => more.length === 0 && first === parts[at])) continue;
    return alikeJoined(left.flat());
  }
  return [row];
}

/** The parts of `row` that the other row excepts; undefined where that cannot be said. */
function exceptedBy(row: Right, other: Right): readonly Right[] | undefined {
  const pieces: Right[] = [];
  for (const { rules, when, unless } of other.except) {
    const both = meet(row.when, when);
    if (both === undefined) return undefined;
    if (both === false) continue;
    const spared = unless.map((block): Exception => ({ rules: [], when: block, unless: [] }));
    const piece = sharpened({
      ...row,
      when: { ...both, actions: both.actions ?? row.when.actions },
      except: [...row.except, ...spared],
    });
    if (piece !== undefined)
      pieces.push({ ...piece, lessenedBy: [...new Set([...row.lessenedBy, ...rules])] });
  }
  return pieces;
}
