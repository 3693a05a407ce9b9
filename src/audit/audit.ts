/** Answers an auditor's questions, with what this reader may see and nothing else. */
import type { FoundPull, PullPlace, PullQuestion } from '../inventory/inventory-thread.ts';
import type { RecordAnswer, RecordQuestion } from '../provenance/index-thread.ts';
import type { PushRecord } from '../provenance/record.ts';
import { timestamp } from '../store/clock.ts';
import {
  type PullsQuery,
  type PushesQuery,
  parsePullsQuery,
  parsePushesQuery,
  type RawFilters,
} from './filters.ts';
import { type MayRead, visibleParts } from './visible-parts.ts';

/** A leaf of the log, with its index; without names of other repositories that the reader may not see. */
export type PushItem = PushRecord & { readonly index: number };

export interface PullItem {
  readonly repository: string;
  /** The tag or digest that was asked for. */
  readonly reference: string;
  readonly digest: string;
  /** '' for the anonymous one. */
  readonly subject: string;
  readonly address: string;
  readonly host?: string;
  /** The User-Agent: claimed. */
  readonly client?: string;
  /** RFC 3339, UTC. */
  readonly first: string;
  readonly last: string;
  readonly gets: number;
  readonly heads: number;
}

/** Newest first. */
export interface Page<T> {
  readonly items: readonly T[];
  /** Goes into `cursor` for what comes after; absent at the end. */
  readonly next?: string;
}

export interface PushesPage extends Page<PushItem> {
  /** The answer covers the log's entries with an index below it. */
  readonly watermark: number;
}

/** What can be asked; the last part of the API's addresses. */
export type AuditKind = 'pushes' | 'pulls';

export interface Audit {
  /**
   * Reads the filters and answers, in the form that the API and `--json` give.
   *
   * @throws {WardenError} FILTER_MALFORMED that names the parameter.
   */
  ask(kind: AuditKind, raw: RawFilters, mayRead: MayRead): Promise<PushesPage | Page<PullItem>>;
  pushes(query: PushesQuery, mayRead: MayRead): Promise<PushesPage>;
  pulls(query: PullsQuery, mayRead: MayRead): Promise<Page<PullItem>>;
}

export interface AuditDeps {
  readonly index: { find(question: RecordQuestion): Promise<RecordAnswer> };
  readonly inventory: { find(question: PullQuestion): Promise<readonly FoundPull[]> };
  /** Milliseconds since 1970, which relative times count from. */
  now(): number;
}

/** Rows looked at for one question. A page can end early at it, with `next`, where nearly all is hidden from the reader. */
const SCAN_LIMIT = 10_000;

export function createAudit({ index, inventory, now }: AuditDeps): Audit {
  const audit: Audit = {
    async ask(kind, raw, mayRead) {
      return kind === 'pushes'
        ? audit.pushes(parsePushesQuery(raw, now()), mayRead)
        : audit.pulls(parsePullsQuery(raw, now()), mayRead);
    },
    async pushes({ filters, limit, before }, mayRead) {
      // The first look fixes what the answer covers: pages go down from there.
      let watermark: number | undefined;
      const page = await fill(limit, before, async (place, size) => {
        const answer = await index.find({
          filters,
          limit: size,
          ...(place !== undefined && { before: place }),
        });
        watermark ??= answer.watermark;
        return answer.found.map((found) => ({
          place: found.index,
          visible: mayRead(repositoryOf(found.record)),
          item: { index: found.index, ...visibleParts(found.record, mayRead) },
        }));
      });
      return { ...written(page, String), watermark: watermark ?? 0 };
    },
    async pulls({ filters, limit, after }, mayRead) {
      const page = await fill<PullPlace, PullItem>(limit, after, async (place, size) => {
        const found = await inventory.find({
          filters,
          limit: size,
          ...(place !== undefined && { after: place }),
        });
        return found.map(({ id, first, last, ...pull }) => ({
          place: { last, id },
          visible: mayRead(pull.repository),
          item: { ...pull, first: timestamp(first), last: timestamp(last) },
        }));
      });
      return written(page, ({ last, id }) => `${last}.${id}`);
    },
  };
  return audit;
}

interface Row<P, T> {
  readonly place: P;
  readonly visible: boolean;
  readonly item: T;
}

interface Filled<P, T> {
  readonly items: readonly T[];
  readonly next: P | undefined;
}

/** Takes rows until a page is full of visible ones; `next` is the place of the last row that was passed. */
async function fill<P, T>(
  limit: number,
  from: P | undefined,
  fetch: (place: P | undefined, size: number) => Promise<readonly Row<P, T>[]>,
): Promise<Filled<P, T>> {
  const items: T[] = [];
  let place = from;
  for (let scanned = 0; scanned < SCAN_LIMIT; ) {
    const size = limit + 1;
    const rows = await fetch(place, size);
    for (const row of rows) {
      if (row.visible && items.length === limit) return { items, next: place };
      if (row.visible) items.push(row.item);
      place = row.place;
    }
    if (rows.length < size) return { items, next: undefined };
    scanned += rows.length;
  }
  return { items, next: place };
}

function written<P, T>({ items, next }: Filled<P, T>, write: (place: P) => string): Page<T> {
  return { items, ...(next !== undefined && { next: write(next) }) };
}

function repositoryOf(record: PushRecord): string {
  return ('subject' in record && record.subject?.repo) || '';
}
