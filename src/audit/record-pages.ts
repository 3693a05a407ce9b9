/** Pages of records that a reader may see, newest first, in bounded work. */
import type { RecordFilters, RecordRow } from '../index/questions/filters.ts';
import type { PushRecord } from '../provenance/record.ts';
import type { AuditParts, Page } from './question.ts';
import { type MayRead, visibleParts } from './visible-parts.ts';

/** A leaf of the log, with its index; without names of other repositories that the reader may not see. */
export type PushItem = PushRecord & { readonly index: number };

/** Where a page ended, and how many entries its first page covered: so that all pages are of one moment. */
export interface RecordPlace {
  readonly before: number;
  readonly watermark: number;
}

export interface RecordPageQuery {
  readonly filters: RecordFilters;
  readonly limit: number;
  readonly cursor?: RecordPlace | undefined;
  /** Of the times, in milliseconds since 1970: checked before records are read. */
  readonly checkTime?: ((time: number) => boolean) | undefined;
  /** What no index has: checked on the records themselves, as far as the reader may see them. */
  readonly check?: ((record: PushRecord) => boolean) | undefined;
}

/** Questions to the index for one page. It can end early at them, with `next`, where nearly all is hidden or does not fit. */
const ROUNDS = 12;
/** Those among them that found less than was asked, after looking at much. */
const VAIN_ROUNDS = 3;
/** Records that are read for what only they themselves have. */
const READ_LIMIT = 2_000;
/** Rows asked for at once where some are hidden, or checked. */
const WIDEST = 1_000;
/** Repositories that the index is told to leave out. */
const HIDDEN_LIMIT = 1_000;

export async function recordPage(
  { index }: Pick<AuditParts, 'index'>,
  { filters, limit, cursor, checkTime, check }: RecordPageQuery,
  mayRead: MayRead,
): Promise<Page<PushItem> & { readonly watermark: number }> {
  const may = remembered(mayRead);
  const hidden = new Set<string>();
  const items: PushItem[] = [];
  let before = cursor?.before;
  let watermark = cursor?.watermark;
  let last: number | undefined;
  let width = limit + 1;
  let vain = 0;
  let read = 0;
  const only = may('') ? undefined : await visibleRepositories(index, may);

  const end = (place: number | undefined) => ({
    items,
    ...(place !== undefined && { next: writeCursor({ before: place, watermark: watermark ?? 0 }) }),
    watermark: watermark ?? 0,
  });

  for (let round = 0; round < ROUNDS; round++) {
    const { answer, watermark: now } = await index.find({
      filters,
      limit: width,
      ...(before !== undefined && { before }),
      ...(only ? { only } : hidden.size > 0 && { hidden: [...hidden] }),
    });
    watermark ??= now;
    const visible = answer.rows.filter(
      ({ repository, time }) => may(repository) && (checkTime?.(time) ?? true),
    );
    read += check ? visible.length : 0;
    for (const { row, record } of await recordsOf(
      index,
      visible,
      check ? visible.length : limit + 1 - items.length,
    )) {
      const shown = visibleParts(record, mayRead);
      if (check && !check(shown)) {
        last = row.index;
        continue;
      }
      if (items.length === limit) return end(last);
      items.push({ index: row.index, ...shown });
      last = row.index;
    }
    if (answer.reached === undefined) return end(undefined);
    before = answer.reached;
    last = before;
    if (answer.rows.length < width && ++vain === VAIN_ROUNDS) return end(before);
    if (read >= READ_LIMIT) return end(before);
    for (const { repository } of answer.rows) {
      if (repository !== '' && !may(repository) && hidden.size < HIDDEN_LIMIT) hidden.add(repository);
    }
    width = Math.min(WIDEST, width * 4);
  }
  return end(before);
}

/**
 * Those that the asker may see, of all on record: what they are is asked of policy once for a page, however few records
 * are of them.
 */
export async function visibleRepositories(
  index: AuditParts['index'],
  may: MayRead,
): Promise<readonly string[]> {
  const { answer } = await index.ask('repositories', { after: -1 });
  return answer.map(({ name }) => name).filter((name) => may(name));
}

/** `at most` of them: those past a page's end are not needed, but for the first. */
async function recordsOf(
  index: AuditParts['index'],
  rows: readonly RecordRow[],
  most: number,
): Promise<readonly { readonly row: RecordRow; readonly record: PushRecord }[]> {
  const wanted = rows.slice(0, most);
  const records = await index.records(wanted.map((row) => row.index));
  return wanted.flatMap((row, at) => {
    const record = records[at];
    return record === undefined ? [] : [{ row, record }];
  });
}

/** What policy says of a repository is asked once for an answer. */
export function remembered(mayRead: MayRead): MayRead {
  const known = new Map<string, boolean>();
  return (repository) => {
    const before = known.get(repository);
    if (before !== undefined) return before;
    const now = mayRead(repository);
    known.set(repository, now);
    return now;
  };
}

function writeCursor({ before, watermark }: RecordPlace): string {
  return `${before}.${watermark}`;
}

export function parseRecordCursor(text: string): RecordPlace | undefined {
  const [, before, watermark] = /^(\d{1,15})\.(\d{1,15})$/.exec(text) ?? [];
  return before === undefined ? undefined : { before: Number(before), watermark: Number(watermark) };
}
