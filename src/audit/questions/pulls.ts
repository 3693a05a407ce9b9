/** The inventory: who pulled what. */
import { z } from 'zod';
import type { FoundPull, PullPlace } from '../../inventory/pull.ts';
import { timestamp } from '../../store/clock.ts';
import { number, moment as time, user as userName, digest as wholeDigest } from '../answer-facts.ts';
import { moment, named, placeOf, short, userOf } from '../cells.ts';
import { limitOf, networkOf, parameter, parseCount, SHARED, spanOf } from '../parameters.ts';
import type { AuditParts, Column, Page, Question } from '../question.ts';
import type { MayRead } from '../visible-parts.ts';

export const pullItem = z.strictObject({
  repository: z.string(),
  reference: z.string().describe('the tag or digest that was asked for'),
  digest: wholeDigest,
  subject: userName,
  address: z.string(),
  host: z.string().exactOptional(),
  client: z.string().describe('the User-Agent: claimed').exactOptional(),
  first: time,
  last: time,
  gets: number,
  heads: number,
});
export type PullItem = Readonly<z.output<typeof pullItem>>;

const { repository, tag, user, host, digest } = SHARED;
export const pullsParameters = z.strictObject({
  ...{ repository, tag, user, host, address: SHARED.address, network: SHARED.network, digest },
  ...{ since: SHARED.since, until: SHARED.until, limit: SHARED.limit },
  cursor: parameter('what the answer before gave as next', 'what an answer gave as next', (text) => {
    const [last, id, ...rest] = text.split('.').map(parseCount);
    return last === undefined || id === undefined || rest.length > 0 ? undefined : { last, id };
  }),
});
export type PullsQuery = z.output<typeof pullsParameters>;

export const PULLS_COLUMNS: readonly Column<PullItem>[] = [
  { head: 'LAST (UTC)', least: 14, text: ({ last }) => moment(last), whole: ({ last }) => last },
  { head: 'PULLS', least: 5, text: ({ gets }) => String(gets) },
  { head: 'REPOSITORY', least: 12, text: (item) => named(item.repository, item.reference) },
  { head: 'DIGEST', least: 7, text: (item) => short(item.digest), whole: (item) => item.digest },
  { head: 'USER', least: 6, text: ({ subject }) => userOf(subject) },
  { head: 'FROM', least: 11, text: ({ address, host: name }) => placeOf(address, name) },
  { head: 'CLIENT', least: 8, text: ({ client }) => client ?? '' },
];

export const pulls: Question<PullsQuery, PullItem> = {
  name: 'pulls',
  summary: 'who pulled what, last pulled first',
  parameters: pullsParameters,
  item: pullItem,
  columns: PULLS_COLUMNS,
  async answer({ inventory, now }, query, mayRead) {
    const filters = {
      ...(query.repository !== undefined && { repository: query.repository }),
      ...(query.tag !== undefined && { tag: query.tag }),
      ...(query.user !== undefined && { user: query.user }),
      ...(query.host !== undefined && { host: query.host }),
      ...(query.digest !== undefined && { digest: query.digest }),
      ...networkOf(query),
      ...spanOf(query, now()),
    };
    const among = await visibleAmong(inventory, mayRead);
    return pullPage(
      (limit, after) => inventory.find({ filters: { ...filters, ...among }, limit, ...(after && { after }) }),
      limitOf(query),
      query.cursor,
    );
  },
};

/** Rows looked at for one question. A page can end early at it, with `next`, where nearly all is left out. */
const SCAN_LIMIT = 10_000;

/**
 * The repositories that the asker may see, as a filter: the place of a pull is a time, and one at which a page ended among
 * what is hidden would tell when somebody else pulled.
 */
export async function visibleAmong(
  inventory: AuditParts['inventory'],
  mayRead: MayRead,
): Promise<{ readonly among?: readonly string[] }> {
  if (mayRead('')) return {};
  return { among: (await inventory.repositories()).filter((name) => mayRead(name)) };
}

/**
 * Takes rows until a page is full of those that fit. `next` is then the place of the last of them.
 *
 * @param fetch rows that the asker may see.
 * @param fits of several rows together which are wanted; without it all are.
 */
export async function pullPage(
  fetch: (limit: number, after: PullPlace | undefined) => Promise<readonly FoundPull[]>,
  limit: number,
  from: PullPlace | undefined,
  fits: (rows: readonly FoundPull[]) => Promise<ReadonlySet<FoundPull>> = async (rows) => new Set(rows),
): Promise<Page<PullItem>> {
  const items: PullItem[] = [];
  let place = from;
  let shown = from;
  let size = limit + 1;
  for (let scanned = 0; scanned < SCAN_LIMIT; ) {
    const rows = await fetch(size, place);
    const wanted = await fits(rows);
    for (const row of rows) {
      const good = wanted.has(row);
      if (good && items.length === limit) return written(items, shown);
      if (good) {
        items.push(itemOf(row));
        shown = row;
      }
      place = row;
    }
    if (rows.length < size) return written(items, undefined);
    scanned += rows.length;
    size = Math.min(1_000, size * 4);
  }
  return written(items, place);
}

function written(items: readonly PullItem[], place: PullPlace | undefined): Page<PullItem> {
  return { items, ...(place !== undefined && { next: `${place.last}.${place.id}` }) };
}

export function itemOf({ id: _id, first, last, ...pull }: FoundPull): PullItem {
  return { ...pull, first: timestamp(first), last: timestamp(last) };
}
