/**
 * Whether a witness may cosign a tree after what it saw before.
 *
 * @see https://c2sp.org/tlog-witness, "add-checkpoint"
 */
import type { Tree } from '../tlog/checkpoint.ts';
import { sameHash } from '../tlog/hashing.ts';
import { verifyConsistency } from '../tlog/verify-proofs.ts';

export type Judgement =
  | { readonly status: 200 }
  /** The witness has seen another size than the log says: this one. */
  | { readonly status: 409; readonly size: number }
  | { readonly status: 400 | 422; readonly why: string };

/** @param seen what was cosigned last; undefined before the first time. */
export function judge(
  seen: Tree | undefined,
  old: number,
  next: Tree,
  proof: readonly Uint8Array[],
): Judgement {
  if (old > next.size)
    return { status: 400, why: `the old size ${old} is greater than the new one, ${next.size}` };
  if (old !== (seen?.size ?? 0)) return { status: 409, size: seen?.size ?? 0 };
  if (seen === undefined || seen.size === 0)
    return proof.length === 0
      ? { status: 200 }
      : { status: 422, why: 'from an empty tree there is no proof' };
  if (next.size === seen.size && !sameHash(next.root, seen.root))
    return { status: 422, why: `another tree of ${seen.size} entries was cosigned before` };
  const verified = verifyConsistency({
    from: seen.size,
    to: next.size,
    proof,
    oldRoot: seen.root,
    newRoot: next.root,
  });
  return verified.ok ? { status: 200 } : { status: 422, why: verified.reason };
}
