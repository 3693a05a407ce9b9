/** Questions that are answered with the largest of many, of which the asker may see some. */
import { LARGEST_LIMIT } from './parameters.ts';

export interface Widened<T> {
  /** At most as many as were wanted. */
  readonly rows: readonly T[];
  /** Whether there are others that the asker may see. */
  readonly more: boolean;
  readonly watermark: number;
}

/**
 * Asks for more and more rows, until so many of them may be shown or there are no others: an answer that stopped at the
 * rows of others would look like all there is.
 *
 * @param ask the first rows in their order, at most `limit`.
 */
export async function widened<T>(
  ask: (limit: number) => Promise<{ readonly answer: readonly T[]; readonly watermark?: number }>,
  wanted: number,
  fits: (row: T) => boolean,
): Promise<Widened<T>> {
  for (let limit = wanted + 1; ; limit = Math.max(LARGEST_LIMIT, limit * 10)) {
    const { answer, watermark = 0 } = await ask(limit);
    const rows = answer.filter(fits);
    if (rows.length > wanted || answer.length < limit)
      return { rows: rows.slice(0, wanted), more: rows.length > wanted, watermark };
  }
}
