/** What a tag pointed to, from when until when, and who moved it. */
import { z } from 'zod';
import { parseRepositoryGlob, parseTagGlob } from '../../policy/glob.ts';
import { timestamp } from '../../store/clock.ts';
import { number, recordIndex, moment as time, user, digest as wholeDigest } from '../answer-facts.ts';
import { moment, placeOf, short, userOf } from '../cells.ts';
import { limitOf, parameter, parseMoment, required, SHARED, spanOf } from '../parameters.ts';
import type { AuditParts, Page, Question } from '../question.ts';
import { type PushItem, parseRecordCursor, recordPage } from '../record-pages.ts';

/** One place where a tag stood. */
const item = z.strictObject({
  index: recordIndex,
  type: z.string().describe('push.accepted, tag.deleted or tag.drift'),
  from: time,
  until: time.describe('absent: still').exactOptional(),
  digest: wholeDigest.describe('absent where it was deleted').exactOptional(),
  user: user.exactOptional(),
  address: z.string().exactOptional(),
  host: z.string().exactOptional(),
  job: z.string().exactOptional(),
  build: number.exactOptional(),
});
export type TagItem = Readonly<z.output<typeof item>>;

const parameters = z.strictObject({
  repository: required('the repository', 'the name of a repository', (text) =>
    !/[*{]/.test(text) && parseRepositoryGlob(text).ok ? text : undefined,
  ),
  tag: required('the tag', 'a tag', (text) =>
    !text.includes('*') && parseTagGlob(text).ok ? text : undefined,
  ),
  at: parameter(
    'only what it pointed to then: 2026-11-23T10:00:00Z, 24h',
    '2026-11-23T10:00:00Z (with a zone), 24h or 7d',
    parseMoment,
  ),
  ...{ since: SHARED.since, until: SHARED.until, limit: SHARED.limit },
  cursor: parameter('what the answer before gave as next', 'what an answer gave as next', (text) => {
    const [, place = '', until] = /^(\d+\.\d+)(?:\.(\d{1,15}))?$/.exec(text) ?? [];
    const record = parseRecordCursor(place);
    return record && { ...record, until: until === undefined ? undefined : Number(until) };
  }),
});
export type TagQuery = z.output<typeof parameters>;

const MOVES: readonly string[] = ['push.accepted', 'tag.deleted', 'tag.drift'];

export const tag: Question<TagQuery, TagItem> = {
  name: 'tag',
  summary: 'what a tag pointed to, from when until when, and who moved it; newest first',
  parameters,
  item,
  columns: [
    { head: 'FROM (UTC)', least: 14, text: ({ from }) => moment(from), whole: ({ from }) => from },
    { head: 'UNTIL', least: 14, text: ({ until }) => moment(until ?? ''), whole: ({ until }) => until ?? '' },
    { head: 'DIGEST', least: 7, text: ({ digest }) => short(digest), whole: ({ digest }) => digest ?? '' },
    { head: 'HOW', least: 8, text: ({ type }) => type },
    { head: 'USER', least: 6, text: ({ user }) => (user === undefined ? '' : userOf(user)) },
    { head: 'WHERE', least: 9, text: ({ address, host }) => placeOf(address, host) },
    {
      head: 'BUILD',
      least: 5,
      text: ({ job, build }) => [job, build].filter((one) => one !== undefined).join(' '),
    },
  ],
  async answer(parts, query, mayRead): Promise<Page<TagItem>> {
    const { repository, tag: name, at, cursor } = query;
    const now = parts.now();
    const moves = await recordPage(
      parts,
      {
        filters: {
          ...{ repository, tag: name, types: MOVES },
          ...(at ? { until: at(now) + 1 } : spanOf(query, now)),
        },
        limit: at ? 1 : limitOf(query),
        cursor,
      },
      mayRead,
    );
    const items = await placesOf(parts, repository, moves.items, at ? undefined : cursor?.until);
    if (!at) {
      const oldest = moves.items.at(-1)?.time;
      const next =
        moves.next === undefined ? undefined : `${moves.next}${oldest ? `.${Date.parse(oldest)}` : ''}`;
      return { items, watermark: moves.watermark, ...(next !== undefined && { next }) };
    }
    // A deletion of the manifest may have ended it before then; whether it ended later was not asked.
    const then = items.filter(({ until }) => until === undefined || Date.parse(until) > at(now));
    return { items: then.map(({ until: _later, ...item }) => item), watermark: moves.watermark };
  },
};

/**
 * A manifest that is deleted takes the tags along that show it.
 *
 * @param end when the newest of them ended; milliseconds since 1970, undefined for not yet.
 */
async function placesOf(
  { index }: AuditParts,
  repository: string,
  moves: readonly PushItem[],
  end: number | undefined,
): Promise<readonly TagItem[]> {
  const places = moves.map(placeItem);
  const digests = [...new Set(places.flatMap(({ digest }) => digest ?? []))];
  const { answer: deletions } = await index.ask('manifestDeletions', { repository, digests });
  let until = end;
  return places.map((place) => {
    const ended = deletions
      .filter(
        ({ digest, index: at, time }) =>
          digest === place.digest && at > place.index && (until === undefined || time < until),
      )
      .reduce<number | undefined>((first, { time }) => Math.min(first ?? time, time), undefined);
    const over = ended ?? until;
    until = Date.parse(place.from);
    return { ...place, ...(over !== undefined && { until: timestamp(over) }) };
  });
}

function placeItem(move: PushItem): TagItem {
  const { index, type, time } = move;
  const digest = type !== 'tag.deleted' && 'subject' in move ? move.subject?.digest : undefined;
  const actor = 'actor' in move ? move.actor : undefined;
  const peer = 'peer' in move ? move.peer : undefined;
  const build = 'build' in move ? move.build : undefined;
  const job = build?.job ?? build?.project;
  return {
    ...{ index, type, from: time },
    ...(digest !== undefined && { digest }),
    ...(actor && { user: actor.sub }),
    ...(peer && { address: peer.ip }),
    ...(peer?.host !== undefined && { host: peer.host }),
    ...(job !== undefined && { job }),
    ...(build?.number !== undefined && { build: build.number }),
  };
}
