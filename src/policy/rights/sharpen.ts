/** Rows without what goes without saying. */
import type { Conditions } from '../conditions.ts';
import { conditionsCover } from '../covers.ts';
import { anonymousOnly, namedOnly } from './apart.ts';
import { fewest, inside, isExcepted, onlyBlockOf, SPLITS } from './exceptions.ts';
import { keyOf } from './key.ts';
import { meet } from './meet.ts';
import { lessened } from './narrow.ts';
import { factsOf } from './one-fact.ts';
import { type Exception, keyOfException, type Right } from './right.ts';

/** A row with more exceptions than these stays as it is: nobody reads it, and it would take long. */
const MANY = 300;

/**
 * The row with as few exceptions as can be: what can never be met is left out, and what its own conditions can say is said
 * there.
 *
 * @returns undefined where nothing is left of it.
 */
export function sharpened(row: Right): Right | undefined {
  let when: Conditions = row.when;
  const list = [...row.except];
  const lessenedBy = new Set<string>();
  if (namedOnly(when) && anonymousOnly(when)) return undefined;
  if (list.length > MANY) return row;
  // Each round but the last makes `when` narrower. Each exception is rewritten with all else that is known at that time.
  for (let again = true; again; ) {
    again = false;
    const onlys = new Map(list.flatMap((one) => onlyBlockOf(one).map((block) => [one, block] as const)));
    for (let at = 0; at < list.length; ) {
      const one = list[at] as Exception; // `at` is below the length
      const block = onlys.get(one);
      onlys.delete(one);
      const exception = inside(one, [when, ...onlys.values()]);
      if (exception === undefined) {
        list.splice(at, 1);
        continue;
      }
      const always = factsOf(exception.when).length === 0;
      if (always && exception.unless.length === 0) return undefined;
      const [only] = onlyBlockOf(exception);
      const both = only && meet(when, only);
      if (both === false) return undefined;
      if (both !== undefined) {
        when = both;
        again = true;
        for (const id of exception.rules) lessenedBy.add(id);
        list.splice(at, 1);
        continue;
      }
      if (factsOf(exception.when).length === 1 && exception.unless.length === 0) {
        const less = lessened(when, exception.when);
        if (less === undefined) return undefined;
        if (keyOf(less) !== keyOf(when)) {
          when = less;
          again = true;
          for (const id of exception.rules) lessenedBy.add(id);
        }
      }
      if (only !== undefined) onlys.set(exception, only);
      // What has just become known may say more of those before.
      if (only !== undefined && block === undefined) again = true;
      list[at++] = exception;
    }
  }
  if (namedOnly(when) && anonymousOnly(when)) return undefined;
  const except = fewest(list);
  const shown = new Set(except.flatMap(({ rules }) => rules));
  return {
    ...row,
    when: { ...when, actions: when.actions ?? row.when.actions },
    lessenedBy: [...lessenedBy].filter((id) => !shown.has(id)).sort(),
    except,
  };
}

/** True if the row holds for every question for which the other one does. */
export function rightCovers(outer: Right, inner: Right): boolean {
  if (!conditionsCover(outer.when, inner.when)) return false;
  const keys = new Set(inner.except.map(keyOfException));
  const known = [inner.when, ...inner.except.flatMap(onlyBlockOf)];
  return (
    (!outer.bind || inner.bind) &&
    outer.except.every((exception) => {
      if (keys.has(keyOfException(exception))) return true;
      const met = inside(exception, known);
      return met === undefined || (inner.except.length <= MANY && isExcepted(met, inner.except, SPLITS));
    })
  );
}
