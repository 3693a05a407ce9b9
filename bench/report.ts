/** Tables of what was measured, as Markdown. */
import type { Case } from './cases.ts';
import { median, type Sample } from './measure.ts';
import type { Sizes } from './sizes.ts';

/** Samples of one case, by the names of the peers, one for each round. */
export type Samples = ReadonlyMap<string, readonly Sample[]>;

const OURS = 'warden';

/** Medians for each peer, and the median of the rounds' ratios of Warden to it. */
export function caseTable({ title, columns }: Case, sizes: Sizes, samples: Samples): string {
  const ours = samples.get(OURS) ?? [];
  const names = [...columns, ...columns.map((column) => `Warden : it, ${column}`)];
  const rows = [...samples].map(([peer, theirs]) => [
    peer,
    ...columns.map((column) => text(median(valuesOf(theirs, column)))),
    ...columns.map((column) => (peer === OURS ? '' : text(ratio(ours, theirs, column)))),
  ]);
  return `### ${title(sizes)}\n\n${table(['', ...names], rows)}`;
}

/** The median over the rounds of ours divided by theirs; NaN where there is nothing to divide by. */
export function ratio(ours: readonly Sample[], theirs: readonly Sample[], column: string): number {
  const ratios = ours.map((sample, round) => Number(sample[column]) / Number(theirs[round]?.[column]));
  return median(ratios.filter(Number.isFinite));
}

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line), ''].join('\n');
}

/** Three digits that mean something; empty where nothing was measured. */
export function text(value: number): string {
  if (!Number.isFinite(value)) return '';
  if (value === 0) return '0';
  return Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

function valuesOf(samples: readonly Sample[], column: string): number[] {
  return samples.map((sample) => sample[column]).filter((value) => value !== undefined);
}
