/** Answers as plain text for a terminal: one line a row, never wider than asked, nothing in it that a terminal obeys. */
import type { PullItem, PushItem } from './audit.ts';
import { columnsOf, cutTo, printable } from './printable.ts';

interface Column<T> {
  readonly head: string;
  /** A column is cut down to this where the line is too long, never below it. */
  readonly least: number;
  text(item: T): string;
}

const NARROWEST = 80;
const WIDEST = 200;
const GAP = '  ';

/** `width` in columns of the terminal; taken as 80 at least and 200 at most. */
export function pushesTable(items: readonly PushItem[], width: number): string {
  return render(PUSHES, items, width);
}

export function pullsTable(items: readonly PullItem[], width: number): string {
  return render(PULLS, items, width);
}

const PUSHES: readonly Column<PushItem>[] = [
  { head: 'TIME (UTC)', least: 14, text: ({ time }) => moment(time) },
  { head: 'RESULT', least: 8, text: ({ type }) => type.replace(/^push\./, '') },
  { head: 'REPOSITORY', least: 11, text: (item) => nameOf(item) },
  { head: 'DIGEST', least: 7, text: (item) => ('subject' in item ? short(item.subject?.digest) : '') },
  { head: 'USER', least: 6, text: (item) => ('actor' in item && item.actor ? userOf(item.actor.sub) : '') },
  {
    head: 'FROM',
    least: 9,
    text: (item) =>
      'peer' in item && item.peer
        ? placeOf(item.peer.ip, item.peer.host)
        : 'network' in item
          ? (item.network ?? '')
          : '',
  },
  { head: 'WHY', least: 6, text: (item) => detailOf(item) },
];

const PULLS: readonly Column<PullItem>[] = [
  { head: 'LAST (UTC)', least: 14, text: ({ last }) => moment(last) },
  { head: 'PULLS', least: 5, text: ({ gets }) => String(gets) },
  { head: 'REPOSITORY', least: 12, text: ({ repository, reference }) => named(repository, reference) },
  { head: 'DIGEST', least: 7, text: ({ digest }) => short(digest) },
  { head: 'USER', least: 6, text: ({ subject }) => userOf(subject) },
  { head: 'FROM', least: 11, text: ({ address, host }) => placeOf(address, host) },
  { head: 'CLIENT', least: 8, text: ({ client }) => client ?? '' },
];

/** To the second: the milliseconds are in the JSON. */
function moment(time: string): string {
  return time.slice(0, 19).replace('T', ' ');
}

function nameOf(item: PushItem): string {
  const repository = 'subject' in item ? (item.subject?.repo ?? '') : '';
  return 'tag' in item && item.tag ? named(repository, item.tag.name) : repository;
}

/** The digest has a column of its own. */
function named(repository: string, reference: string): string {
  return reference.includes(':') ? repository : `${repository}:${reference}`;
}

/** As many hex digits as docker shows; the filter takes them as they are. */
function short(digest: string | undefined): string {
  return digest?.replace(/^sha256:/, '').slice(0, 12) ?? '';
}

function userOf(name: string): string {
  return name === '' ? '(anonymous)' : name;
}

function placeOf(address: string, host: string | undefined): string {
  return host === undefined ? address : `${host} ${address}`;
}

function detailOf(item: PushItem): string {
  const count = 'count' in item && item.count > 1 ? `${item.count}x ` : '';
  const rules = 'policy' in item && item.policy && 'rules' in item.policy ? item.policy.rules.join(' ') : '';
  const reason = 'reason' in item ? item.reason : '';
  return `${count}${rules || reason}`;
}

function render<T>(columns: readonly Column<T>[], items: readonly T[], width: number): string {
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
