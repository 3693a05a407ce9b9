/** Pages of records that carry the proof of each: that it is in the signed tree. */
import { WardenError } from '../errors.ts';

/** A proof file for the record of this index; undefined while it is not signed. */
export type ProofOf = (index: number) => Promise<string | undefined>;

/**
 * @param proofOf undefined where no tree is signed.
 * @throws {WardenError} FILTER_MALFORMED
 */
export function requireProofs(proofOf: ProofOf | undefined): ProofOf {
  if (proofOf === undefined) throw malformed('proof: no tree of the record is signed here');
  return proofOf;
}

/**
 * Each record of the answer gets its proof, as far as it is signed already.
 *
 * @throws {WardenError} FILTER_MALFORMED where the answer is not of records.
 */
export async function withProofs(answer: unknown, proofOf: ProofOf): Promise<unknown> {
  const { items } = answer as { readonly items?: readonly unknown[] };
  const isRecord = (item: unknown): item is { readonly index: number } =>
    typeof (item as { readonly index?: unknown } | null)?.index === 'number';
  if (items === undefined || !items.every(isRecord))
    throw malformed('proof: the answers to this question are no records');
  const proved: object[] = [];
  for (const item of items) proved.push({ ...item, proof: await proofOf(item.index) });
  return { ...(answer as object), items: proved };
}

function malformed(sentence: string): WardenError {
  return new WardenError('FILTER_MALFORMED', { sentence });
}
