/** Whether two patterns of repositories have no name in common. */
import type { RepositoryGlob } from '../policy/glob.ts';
import { generalised, type Part } from '../policy/glob-parts.ts';

/** True is a proof; false says only that none was found. Variables may be anything. */
export function globsApart(a: readonly RepositoryGlob[], b: readonly RepositoryGlob[]): boolean {
  return a.every((one) => b.every((other) => !meet(generalised(one.parts), generalised(other.parts))));
}

function meet(a: readonly Part[], b: readonly Part[]): boolean {
  const known = new Map<number, boolean>();
  const from = (left: number, right: number): boolean => {
    const key = left * (b.length + 1) + right;
    const before = known.get(key);
    if (before !== undefined) return before;
    const result = compare(left, right);
    known.set(key, result);
    return result;
  };
  const compare = (left: number, right: number): boolean => {
    const one = a[left];
    const other = b[right];
    if (one === undefined && other === undefined) return true;
    if (one?.kind === 'components')
      return from(left + 1, right) || (other !== undefined && from(left, right + 1));
    if (other?.kind === 'components')
      return from(left, right + 1) || (one !== undefined && from(left + 1, right));
    if (one === undefined || other === undefined) return false;
    return partsMeet(one, other) && from(left + 1, right + 1);
  };
  return from(0, 0);
}

/** Of two patterns with stars only what stands before the first and behind the last is compared. */
function partsMeet(a: Part, b: Part): boolean {
  const one = textOf(a);
  const other = textOf(b);
  if (one === undefined || other === undefined) return true;
  const [head = '', ...rest] = one.split('*');
  const [otherHead = '', ...otherRest] = other.split('*');
  if (rest.length === 0 && otherRest.length === 0) return head === otherHead;
  const tail = rest.at(-1) ?? head;
  const otherTail = otherRest.at(-1) ?? otherHead;
  return (
    (head.startsWith(otherHead) || otherHead.startsWith(head)) &&
    (tail.endsWith(otherTail) || otherTail.endsWith(tail))
  );
}

function textOf(part: Part): string | undefined {
  if (part.kind === 'literal') return part.text;
  return part.kind === 'wild' ? part.pattern : undefined;
}
