/** Rows as plain text for a terminal: columns side by side, the last one broken over lines where it is too long. */
import { columnsOf, cutTo, printable } from '../audit/printable.ts';

const GAP = '  ';
const NARROWEST = 60;
const WIDEST = 200;
/** What is no terminal is a file or a pipe: room for whole sentences. */
const PIPE = 160;
/** The last column has at least this much, so the others are cut where names are very long. */
const LAST = 32;

/** `width` in columns of the terminal; undefined: there is none. Every row has as many cells as the head. */
export function textTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  width: number | undefined,
): readonly string[] {
  const cells = [head, ...rows.map((row) => row.map(printable))];
  const room = Math.min(WIDEST, Math.max(NARROWEST, width ?? PIPE));
  const widths = head.map((_, at) => Math.max(...cells.map((row) => columnsOf(row[at] ?? ''))));
  const last = widths.length - 1;
  const others = () => widths.slice(0, last).reduce((sum, one) => sum + one + GAP.length, 0);
  for (let over = others() + LAST - room; over > 0; over--) {
    const widest = widths.indexOf(Math.max(...widths.slice(0, last)));
    if (widest < 0 || (widths[widest] ?? 0) <= 8) break;
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
  const indent = others();
  return cells.flatMap((row) => {
    const front = row
      .slice(0, last)
      .map((cell, at) => pad(cell, widths[at] ?? 0) + GAP)
      .join('');
    const lines = wrap(row[last] ?? '', Math.max(LAST, room - indent));
    return lines.map((line, at) => ((at === 0 ? front : ' '.repeat(indent)) + line).trimEnd());
  });
}

/** Breaks at blanks; a word that is longer than a line is cut into pieces. */
export function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && columnsOf(line) + 1 + columnsOf(word) > width) {
      lines.push(line);
      line = '';
    }
    line = line === '' ? word : `${line} ${word}`;
    while (columnsOf(line) > width) {
      const piece = fitting(line, width);
      lines.push(piece);
      line = line.slice(piece.length);
    }
  }
  return [...lines, line];
}

/** The beginning of a text that fits, at least one character. */
function fitting(text: string, width: number): string {
  let piece = '';
  for (const character of text) {
    if (piece !== '' && columnsOf(piece + character) > width) break;
    piece += character;
  }
  return piece;
}

function pad(text: string, width: number): string {
  const cut = cutTo(text, width);
  return cut + ' '.repeat(Math.max(0, width - columnsOf(cut)));
}
