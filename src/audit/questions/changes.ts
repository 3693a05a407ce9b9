/** What was changed about Warden itself, and what was found to have changed behind its back. */
import { z } from 'zod';
import { RECORD_TYPES } from '../../provenance/record.ts';
import type { Question } from '../question.ts';
import { recordItem } from '../record-item.ts';
import { type PushItem, recordPage } from '../record-pages.ts';
import { PUSHES_COLUMNS, pushesParameters, recordQuery } from './pushes.ts';

const ABOUT_REPOSITORIES = /^(?:push|tag|manifest|blob|delete|login)\./;
const CHANGES: readonly string[] = RECORD_TYPES.filter((type) => !ABOUT_REPOSITORIES.test(type));
const DRIFT: readonly string[] = RECORD_TYPES.filter((type) =>
  /\.(?:drift|missing|unrecorded|found)$/.test(type),
);

const { repository, tag, user, host, address, network, digest, since, until, limit, cursor, type } =
  pushesParameters.shape;
const changesParameters = z.strictObject({ user, host, address, network, since, until, type, limit, cursor });
const driftParameters = z.strictObject({ repository, tag, digest, since, until, limit, cursor });

export const changes: Question<z.output<typeof changesParameters>, PushItem> = {
  name: 'changes',
  summary: 'changes of policy, keys, robots, grants and sessions, newest first',
  parameters: changesParameters,
  item: recordItem,
  columns: [
    ...PUSHES_COLUMNS.filter(({ head }) => head !== 'REPOSITORY' && head !== 'DIGEST'),
    { head: 'WHAT', least: 10, text: whatOf },
  ],
  answer: (parts, query, mayRead) => {
    const asked = recordQuery(query, parts.now());
    const types = query.type === undefined ? CHANGES : [query.type];
    return recordPage(parts, { ...asked, filters: { ...asked.filters, types } }, mayRead);
  },
};

export const drift: Question<z.output<typeof driftParameters>, PushItem> = {
  name: 'drift',
  summary: 'what the registry was found to have otherwise than the record says, newest first',
  parameters: driftParameters,
  item: recordItem,
  columns: PUSHES_COLUMNS,
  answer: (parts, query, mayRead) => {
    const asked = recordQuery(query, parts.now());
    return recordPage(parts, { ...asked, filters: { ...asked.filters, types: DRIFT } }, mayRead);
  },
};

const COMMON: readonly string[] = ['v', 'id', 'time', 'type', 'index', 'proxy', 'actor', 'peer', 'token'];

/** The facts that a type of these has and others have not, as they stand. */
function whatOf(item: PushItem): string {
  const own = Object.entries(item).filter(([name]) => !COMMON.includes(name));
  return own.map(([name, value]) => `${name} ${JSON.stringify(value)}`).join(' ');
}
