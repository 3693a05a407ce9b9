/** Proofs that two patterns have nothing in common. "False" only says that none was found. */
import type { RepositoryGlob } from './glob.ts';
import { generalised, type Part } from './glob-parts.ts';

/** True if no repository fits both, whoever asks. */
export function globsApart(a: RepositoryGlob, b: RepositoryGlob): boolean {
  return partsApart(generalised(a.parts), generalised(b.parts));
}

/** Without variables. Each pair of places is looked at once. */
export function partsApart(a: readonly Part[], b: readonly Part[]): boolean {
  const known = new Map<number, boolean>();
  const meet = (left: number, right: number): boolean => {
    const key = left * (b.length + 1) + right;
    const before = known.get(key);
    if (before !== undefined) return before;
    const result = look(left, right);
    known.set(key, result);
    return result;
  };
  const look = (left: number, right: number): boolean => {
    const one = a[left];
    const other = b[right];
    if (one?.kind === 'components')
      return meet(left + 1, right) || (other !== undefined && meet(left, right + 1));
    if (other?.kind === 'components')
      return meet(left, right + 1) || (one !== undefined && meet(left + 1, right));
    if (one === undefined || other === undefined) return one === other;
    return !wildsApart(wildOf(one), wildOf(other)) && meet(left + 1, right + 1);
  };
  return !meet(0, 0);
}

function wildOf(part: Part): string {
  if (part.kind === 'literal') return part.text;
  return part.kind === 'wild' ? part.pattern : '*';
}

/** True if no text fits both, where `*` is any text. */
export function wildsApart(a: string, b: string): boolean {
  if (!a.includes('*') && !b.includes('*')) return a !== b;
  // What both begin with before their first star must agree, and so must their ends; this settles nearly all.
  const [headA, headB] = [a.split('*', 1)[0] ?? '', b.split('*', 1)[0] ?? ''];
  const head = Math.min(headA.length, headB.length);
  if (headA.slice(0, head) !== headB.slice(0, head)) return true;
  let row = new Set([0]);
  // Places in `b` that can be reached having read some text that fits `a` so far.
  const spread = (places: Set<number>): Set<number> => {
    for (const place of places) if (b[place] === '*') places.add(place + 1);
    return places;
  };
  row = spread(row);
  for (const letter of a) {
    const next = new Set<number>();
    if (letter === '*') {
      const first = Math.min(...row);
      for (let place = first; place <= b.length; place++) next.add(place);
    } else {
      for (const place of row) {
        if (b[place] === '*') next.add(place);
        else if (b[place] === letter) next.add(place + 1);
      }
    }
    row = spread(next);
    if (row.size === 0) return true;
  }
  return !row.has(b.length);
}
