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

/**
 * A cell that begins so is computed by spreadsheets, by some also where blanks or a quotation mark stand in front, or the
 * character is a wide one of East Asia. An apostrophe in front makes it text. Where the comma is the sign of decimals, they
 * part cells at semicolons, whatever quotation marks say: what follows one begins a cell too.
 */
const FORMULA = /(^|;)(?=["'\p{Z}]*[=+\-@\uff1d\uff0b\uff0d\uff20])/gu;

function cellOf(value: string): string {
  const text = printable(value.replace(FORMULA, "$1'"));
  return /[",;]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
