/** Answers as plain text for a terminal: one line a row, never wider than asked, nothing in it that a terminal obeys. */
import { columnsOf, cutTo, printable } from './printable.ts';
import type { Column } from './question.ts';

const NARROWEST = 80;
const WIDEST = 200;
const GAP = '  ';

/** `width` in columns of the terminal; taken as 80 at least and 200 at most. */
export function table<T>(columns: readonly Column<T>[], items: readonly T[], width: number): string {
  const cells = items.map((item) => columns.map((column) => printable(column.text(item))));
  const lines = [columns.map(({ head }) => head), ...cells];
  const widths = columns.map((_, at) => Math.max(...lines.map((line) => columnsOf(line[at] ?? ''))));
  const room = Math.min(WIDEST, Math.max(NARROWEST, width)) - GAP.length * (columns.length - 1);
  shrink(
    widths,
    columns.map(({ least }) => least),
    room,
  );
  return lines
    .map((line) =>
      line
        .map((cell, at) => pad(cell, widths[at] ?? 0))
        .join(GAP)
        .trimEnd(),
    )
    .join('\n');
}

/** Takes from the widest column that can give, so that short ones stay whole. */
function shrink(widths: number[], least: readonly number[], room: number): void {
  for (let over = widths.reduce((sum, one) => sum + one, 0) - room; over > 0; over--) {
    let widest = -1;
    for (const [at, one] of widths.entries()) {
      if (one > (least[at] ?? 0) && one > (widths[widest] ?? 0)) widest = at;
    }
    if (widest === -1) return;
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
}

function pad(text: string, width: number): string {
  const cut = cutTo(text, width);
  return cut + ' '.repeat(Math.max(0, width - columnsOf(cut)));
}
