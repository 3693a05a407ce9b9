/**
 * The whole answer to a question as one stream of text, page by page: millions of rows take no more memory than one page.
 *
 * Lines of JSON come, where the tree of the record is signed, with what is needed to check each of them elsewhere: first a
 * line with the signed checkpoint, then for each record its text as the log has it and its path to that checkpoint's root.
 * The last line says how many came: a file that was cut between two lines looks whole otherwise.
 */
import { WardenError } from '../errors.ts';
import { toBase64 } from '../tlog/base64.ts';
import type { AskedQuestion } from './asked-question.ts';
import { malformed, type RawFilters } from './parameters.ts';
import { printableJson } from './printable.ts';
import type { AuditParts } from './question.ts';
import type { MayRead } from './visible-parts.ts';

export const EXPORT_FORMATS = ['csv', 'ndjson'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

const TOO_MUCH =
  'the whole answer is more than can be given at once; ask for less of it, such as a shorter time with since and until';

/** What an export is checked against. */
export interface ExportTree {
  /** The signed note. */
  readonly checkpoint: string;
  /** Entries that it covers. */
  readonly size: number;
  /** Verifier keys of the log and its witnesses, as text. */
  readonly keys: readonly string[];
  /** From an entry up to the root. */
  path(index: number): Promise<readonly Uint8Array[]>;
  /** The bytes of entries. */
  leaves(indexes: readonly number[]): Promise<readonly string[]>;
}

export interface ExportRequest {
  readonly question: AskedQuestion;
  /** Without `format`, `limit` and `cursor`. */
  readonly raw: RawFilters;
  readonly format: ExportFormat;
  readonly mayRead: MayRead;
  /** Whether this reader may see all of every record: then its leaf is given. */
  readonly everything: boolean;
  readonly tree: ExportTree | undefined;
  /** What the first line of NDJSON says of the export: who, when, what. */
  readonly about: Readonly<Record<string, unknown>>;
  /** Told before the first piece: entries with an index below it are looked at. */
  readonly onBegin?: (watermark: number | undefined) => void;
  /** Told of each page's rows before its piece. */
  readonly onRows?: (rows: number) => void;
}

/** @throws {WardenError} FILTER_MALFORMED before the first piece, where it says so. */
export async function* exportLines(parts: AuditParts, request: ExportRequest): AsyncGenerator<string> {
  const { question, raw, format, mayRead } = request;
  for (const name of ['limit', 'cursor'])
    if (raw[name] !== undefined)
      throw malformed(name, 'cannot be given together with format: an export is whole');
  const paged = 'cursor' in question.parameters.shape;
  let cursor: string | undefined;
  let first = true;
  let sent = 0;
  do {
    const page = await question.askWidely(
      parts,
      { ...raw, ...(cursor !== undefined && { cursor }) },
      mayRead,
    );
    // A file that did not say so would look whole.
    if (page.more) throw new WardenError('FILTER_MALFORMED', { sentence: TOO_MUCH });
    if (first) request.onBegin?.(page.watermark);
    request.onRows?.(page.items.length);
    if (format === 'csv') yield csvOf(question, page.items, first);
    else yield (first ? headOf(request, page.watermark) : '') + (await linesOf(request, page.items));
    first = false;
    sent += page.items.length;
    cursor = paged ? page.next : undefined;
  } while (cursor !== undefined);
  if (format === 'ndjson') yield `${printableJson({ end: { items: sent } })}\n`;
}

/**
 * The last line of an export that is not whole, for who looks into the file. A reader of NDJSON misses the last line that
 * counts the rows; CSV has a row of one cell.
 *
 * @param reason the name of the error.
 */
export function cutLine(
  format: ExportFormat,
  cut: { readonly items: number; readonly reason: string },
): string {
  if (format === 'ndjson') return `${printableJson({ cut })}\n`;
  return `"NOT WHOLE: this export was cut (${cut.reason})"\r\n`;
}

/** The head stands once. */
function csvOf(question: AskedQuestion, items: readonly unknown[], first: boolean): string {
  const text = question.csv(items);
  if (first) return `${text}\r\n`;
  const rows = text.slice(text.indexOf('\r\n') + 2);
  return rows === '' ? '' : `${rows}\r\n`;
}

function headOf({ about, tree }: ExportRequest, watermark: number | undefined): string {
  const head = {
    export: { ...about, ...(watermark !== undefined && { watermark }) },
    ...(tree && { checkpoint: tree.checkpoint, keys: tree.keys }),
  };
  return `${printableJson(head)}\n`;
}

async function linesOf({ tree, everything }: ExportRequest, items: readonly unknown[]): Promise<string> {
  const indexed = items as readonly {
    readonly index?: unknown;
    readonly type?: unknown;
    readonly v?: unknown;
  }[];
  const provable =
    tree && everything ? indexed.filter((item) => isRecord(item) && item.index < tree.size) : [];
  const leaves = new Map<unknown, string>();
  if (tree && provable.length > 0) {
    const indexes = provable.map(({ index }) => Number(index));
    for (const [at, leaf] of (await tree.leaves(indexes)).entries()) leaves.set(indexes[at], leaf);
  }
  const lines: string[] = [];
  for (const item of indexed) {
    const leaf = leaves.get(item.index);
    if (tree === undefined || leaf === undefined) lines.push(`${printableJson({ item })}\n`);
    else
      lines.push(
        `${printableJson({ index: item.index, leaf, path: (await tree.path(Number(item.index))).map(toBase64) })}\n`,
      );
  }
  return lines.join('');
}

/** A whole record with its index, rather than something worked out from several. */
function isRecord(item: {
  readonly index?: unknown;
  readonly v?: unknown;
}): item is { readonly index: number } {
  return typeof item.index === 'number' && item.v === 1;
}
