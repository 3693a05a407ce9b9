/** Tags that more than one user or host moved. */
import { z } from 'zod';
import type { SharedTag, TagMover } from '../../index/questions/shared-tags.ts';
import { ANONYMOUS } from '../../policy/facts.ts';
import { matchesRepository, parseRepositoryGlob } from '../../policy/glob.ts';
import { number, recordIndex, user } from '../answer-facts.ts';
import { limitOf, parameter, SHARED } from '../parameters.ts';
import type { Question } from '../question.ts';
import { remembered } from '../record-pages.ts';

const movers = z
  .array(z.strictObject({ name: user, pushes: number }))
  .describe('latest first, at most twenty, with the number of their pushes');
const item = z.strictObject({
  repository: z.string(),
  tag: z.string(),
  users: movers,
  hosts: movers,
  userCount: number.describe('how many users there are in all'),
  hostCount: number.describe('how many hosts there are in all'),
  index: recordIndex.describe('of its latest record'),
});
export type SharedTagItem = Readonly<z.output<typeof item>>;

const parameters = z.strictObject({
  repository: SHARED.repository,
  by: parameter('users or hosts: by more than one of these', 'users or hosts', (text) =>
    text === 'users' || text === 'hosts' ? text : undefined,
  ),
  limit: SHARED.limit,
  cursor: parameter('what the answer before gave as next', 'what an answer gave as next', (text) =>
    /^\d{1,15}$/.test(text) ? Number(text) : undefined,
  ),
});

const ROUNDS = 10;
const WIDEST = 1_000;
const MOVERS = 20;

export const sharedTags: Question<z.output<typeof parameters>, SharedTagItem> = {
  name: 'shared-tags',
  summary: 'tags that more than one user or host pushed, latest first',
  parameters,
  item,
  columns: [
    { head: 'REPOSITORY', least: 12, text: ({ repository, tag }) => `${repository}:${tag}` },
    { head: 'USERS', least: 8, text: ({ users, userCount }) => moversText(users, userCount) },
    { head: 'HOSTS', least: 8, text: ({ hosts, hostCount }) => moversText(hosts, hostCount) },
  ],
  async answer({ index }, { repository, by, cursor, ...query }, mayRead) {
    const limit = limitOf(query);
    const may = remembered(mayRead);
    const parsed = repository === undefined ? undefined : parseRepositoryGlob(repository);
    const fits = (tag: SharedTag): boolean =>
      may(tag.repository) &&
      (by === undefined || tag[by] > 1) &&
      (!parsed?.ok || matchesRepository(parsed.glob, tag.repository.split('/'), ANONYMOUS));
    const found: SharedTag[] = [];
    let before = cursor;
    let more = true;
    let watermark = 0;
    for (let round = 0; round < ROUNDS && found.length <= limit && more; round++) {
      const size = round === 0 ? limit + 1 : WIDEST;
      const page = await index.ask('sharedTags', { limit: size, ...(before !== undefined && { before }) });
      watermark ||= page.watermark;
      found.push(...page.answer.filter(fits));
      before = page.answer.at(-1)?.last ?? before;
      more = page.answer.length === size;
    }
    const shown = found.slice(0, limit);
    const { answer: movers } = await index.ask('tagMovers', {
      tags: shown.map(({ id }) => id),
      limit: MOVERS,
    });
    const next = found.length > limit ? shown.at(-1)?.last : more ? before : undefined;
    return {
      items: shown.map((tag) => ({
        ...{ repository: tag.repository, tag: tag.tag, index: tag.last },
        users: moversOf(movers, tag.id, 'user'),
        hosts: moversOf(movers, tag.id, 'host'),
        ...{ userCount: tag.users, hostCount: tag.hosts },
      })),
      ...(next !== undefined && { next: String(next) }),
      watermark,
    };
  },
};

function moversOf(movers: readonly TagMover[], id: number, kind: TagMover['kind']): SharedTagItem['users'] {
  return movers
    .filter((mover) => mover.tag === id && mover.kind === kind)
    .map(({ name, pushes }) => ({ name, pushes }));
}

function moversText(movers: SharedTagItem['users'], count: number): string {
  const more = count - movers.length;
  return [
    ...movers.map(({ name, pushes }) => `${name || '(anonymous)'} ${pushes}x`),
    ...(more > 0 ? [`and ${more} more`] : []),
  ].join(', ');
}
