/**
 * Answers as CSV (RFC 4180) for a spreadsheet: whole values, nothing that a terminal obeys, nothing that a spreadsheet
 * takes for a formula.
 */
import { printable } from './printable.ts';
import type { Column } from './question.ts';

export function csv<T>(columns: readonly Column<T>[], items: readonly T[]): string {
  const lines = [
    columns.map(({ head }) => head),
    ...items.map((item) => columns.map(({ text, whole }) => (whole ?? text)(item))),
  ];
  return lines.map((cells) => cells.map(cellOf).join(',')).join('\r\n');
}

/** A cell that begins so is computed by spreadsheets; an apostrophe in front makes it text. */
const FORMULA = /^[=+\-@]/;

function cellOf(value: string): string {
  const text = printable(FORMULA.test(value) ? `'${value}` : value);
  return /[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
