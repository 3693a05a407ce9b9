/** Which hosts still have what a tag showed before: they pulled it, the tag moved, and they have not pulled it since. */
import { z } from 'zod';
import type { FoundPull, PullFilters, PullPlace } from '../../inventory/pull.ts';
import { timestamp } from '../../store/clock.ts';
import { recordIndex, moment as time, digest as wholeDigest } from '../answer-facts.ts';
import { moment, named, placeOf, short } from '../cells.ts';
import { limitOf, SHARED, spanOf } from '../parameters.ts';
import type { AuditParts, Page, Question } from '../question.ts';
import { type PushItem, recordPage } from '../record-pages.ts';
import { pushesParameters } from './pushes.ts';

/** A machine and a tag. */
const item = z.strictObject({
  repository: z.string(),
  tag: z.string(),
  host: z.string().describe('as the policy calls it').exactOptional(),
  address: z.string(),
  digest: wholeDigest.describe('what it pulled last under this tag'),
  last: time.describe('when that was'),
  present: wholeDigest.describe('what the tag shows since `moved`'),
  moved: time,
  index: recordIndex.describe('of the record of that move'),
});
export type BehindItem = Readonly<z.output<typeof item>>;

const { repository, tag, host, since, until, limit } = SHARED;
const parameters = z.strictObject({
  ...{ repository, tag, host, since, until, limit },
  cursor: pushesParameters.shape.cursor,
});

const DAY_MS = 86_400_000;
/** How far back moves of tags count where nobody says it. */
const USUAL_MS = 30 * DAY_MS;
/** Moves of tags that are looked at for one page. */
const MOVES = 200;
/** Pulls of one tag that are looked at in one step. */
const PULLS = 1_000;

export const behind: Question<z.output<typeof parameters>, BehindItem> = {
  name: 'behind',
  summary:
    'hosts whose last pull of a tag got another image than it shows now; the tags that moved last first',
  parameters,
  item,
  columns: [
    { head: 'MOVED (UTC)', least: 14, text: (item) => moment(item.moved), whole: (item) => item.moved },
    { head: 'REPOSITORY', least: 12, text: (item) => named(item.repository, item.tag) },
    { head: 'FROM', least: 11, text: (item) => placeOf(item.address, item.host) },
    { head: 'HAS', least: 7, text: (item) => short(item.digest), whole: (item) => item.digest },
    { head: 'PRESENT', least: 7, text: (item) => short(item.present), whole: (item) => item.present },
    { head: 'LAST PULLED', least: 14, text: (item) => moment(item.last), whole: (item) => item.last },
  ],
  async answer(parts, query, mayRead): Promise<Page<BehindItem>> {
    const now = parts.now();
    const moves = await recordPage(
      parts,
      {
        filters: {
          ...(query.repository !== undefined && { repository: query.repository }),
          ...(query.tag !== undefined && { tag: query.tag }),
          since: now - USUAL_MS,
          ...spanOf(query, now),
          types: ['push.accepted'],
          moved: true,
        },
        limit: MOVES,
        cursor: query.cursor,
      },
      mayRead,
    );
    const wanted = limitOf(query);
    const items: BehindItem[] = [];
    const seen = new Set<string>();
    const { answer: present } = await parts.index.ask('inForce', {
      indexes: moves.items.map(({ index }) => index),
    });
    for (const move of moves.items.filter(({ index }) => present.includes(index))) {
      const found = await behindOf(parts, move, seen);
      items.push(...found.filter((item) => query.host === undefined || item.host === query.host));
      // The rest of a tag's hosts come with it: a page ends between two tags.
      if (items.length < wanted) continue;
      const more = move !== moves.items.at(-1) || moves.next !== undefined;
      return {
        items,
        watermark: moves.watermark,
        ...(more && { next: `${move.index}.${moves.watermark}` }),
      };
    }
    return {
      items,
      watermark: moves.watermark,
      ...(moves.next !== undefined && { next: moves.next }),
    };
  },
};

/** Of each tag its last move alone, which comes first: whoever lacks an earlier one lacks the last too. */
async function behindOf(
  parts: AuditParts,
  move: PushItem,
  seen: Set<string>,
): Promise<readonly BehindItem[]> {
  if (move.type !== 'push.accepted' || move.tag === undefined) return [];
  const { index, time, subject, tag: moved } = move;
  const key = `${subject.repo}:${moved.name}`;
  if (moved.from === subject.digest || seen.has(key)) return [];
  seen.add(key);
  return (await latestOfEach(parts, { repository: subject.repo, tag: moved.name }))
    .filter(({ digest }) => digest !== subject.digest)
    .map(({ host: name, address, digest, last }) => ({
      ...{ repository: subject.repo, tag: moved.name, address, digest },
      ...(name !== undefined && { host: name }),
      ...{ last: timestamp(last), present: subject.digest, moved: time, index },
    }));
}

/** Of each machine the pull by which it has what it has, however many machines pull a tag. */
async function latestOfEach({ inventory }: AuditParts, filters: PullFilters): Promise<readonly FoundPull[]> {
  const latest = new Map<string, FoundPull>();
  let after: PullPlace | undefined;
  for (;;) {
    const pulls = await inventory.find({ filters, limit: PULLS, ...(after && { after }) });
    for (const pull of pulls) {
      const machine = pull.host ?? pull.address;
      // Who only looked has not got it. The latest comes first.
      if (pull.gets > 0 && !latest.has(machine)) latest.set(machine, pull);
    }
    after = pulls.at(-1);
    if (pulls.length < PULLS) return [...latest.values()];
  }
}
