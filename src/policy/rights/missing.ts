/** What one row allows and some other rows do not, in rows again. */
import { conditionsCover } from '../covers.ts';
import { disjoint } from './apart.ts';
import { alikeJoined, splittings } from './lists.ts';
import { type Exception, keyOfException, type Right } from './right.ts';
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

function look(row: Right, all: readonly Right[], budget: { left: number }): readonly Right[] {
  const others = all.filter(({ when }) => !disjoint(when, row.when));
  if (others.length === 0 || budget.left-- <= 0) return [row];
  if (others.some((other) => rightCovers(other, row))) return [];
  for (const [at, other] of others.entries()) {
    if (!conditionsCover(other.when, row.when) || (other.bind && !row.bind)) continue;
    const rest = others.toSpliced(at, 1);
    return exceptedBy(row, other).flatMap((piece) => look(piece, rest, budget));
  }
  for (const parts of splittings(row)) {
    const left = parts.map((part) => look(part, others, budget));
    if (left.every(([first, ...more], at) => more.length === 0 && first === parts[at])) continue;
    return alikeJoined(left.flat());
  }
  return [row];
}

/** The parts of `row` that the other row, which would hold for all of it, excepts. */
function exceptedBy(row: Right, other: Right): readonly Right[] {
  const keys = new Set(row.except.map(keyOfException));
  const others = other.except.filter((exception) => !keys.has(keyOfException(exception)));
  return others.flatMap(({ rules, when, unless }) => {
    // An exception that always holds but there says "only there" also where conditions could not.
    const only: Exception = { rules, when: {}, unless: [when] };
    const spared = unless.map((block): Exception => ({ rules: [], when: block, unless: [] }));
    return sharpened({ ...row, except: [...row.except, only, ...spared] }) ?? [];
  });
}
