/** The record of pushes, refusals and deletions: the list with all filters. */
import { z } from 'zod';
import type { Fact } from '../../index/common/kinds.ts';
import type { RecordFilters } from '../../index/questions/filters.ts';
import { isWithin, parseTimeWindow, type TimeWindow } from '../../policy/time-window.ts';
import { type PushRecord, RECORD_TYPES } from '../../provenance/record.ts';
import { basesAsked } from '../bases-asked.ts';
import { moment, named, placeOf, short, userOf } from '../cells.ts';
import {
  limitOf,
  malformed,
  networkOf,
  nonEmpty,
  parameter,
  parseCount,
  parseDigest,
  SHARED,
  spanOf,
} from '../parameters.ts';
import type { AuditParts, Column, Question } from '../question.ts';
import { recordItem } from '../record-item.ts';
import { type PushItem, parseRecordCursor, type RecordPageQuery, recordPage } from '../record-pages.ts';
import { parseLength } from '../time.ts';
import type { MayRead } from '../visible-parts.ts';

/** What `result` stands for. Without it and without `type`: everything about repositories. */
const RESULTS: Readonly<Record<string, readonly string[]>> = {
  accepted: ['push.accepted'],
  refused: ['push.refused'],
  all: RECORD_TYPES.filter((type) => /^(?:push|tag|manifest|blob)\./.test(type)),
};

const LACKING: readonly string[] = ['build', 'source', 'base', 'attest', 'operator', 'grant', 'labels'];
const KINDS = ['anonymous', 'person', 'robot', 'build'] as const;
const WINDOW = 'a window such as Mon-Fri 08:00-18:00 Europe/Berlin';
const CURSOR = 'what an answer gave as next';
const DIGEST = 'sha256: and at least 7 of its hex digits (sha256: can be left out)';

export const pushesParameters = z.strictObject({
  ...SHARED,
  result: parameter('accepted, refused or all', 'accepted, refused or all', (text) => RESULTS[text]),
  rule: parameter('the id of a rule that decided', 'the id of a rule', nonEmpty),
  type: parameter(
    'records of one type, for example login.failed',
    `one of ${RECORD_TYPES.join(', ')}`,
    (text) => RECORD_TYPES.find((one) => one === text),
  ),
  job: parameter('the job or project of the build that pushed', 'the name of a job', nonEmpty),
  build: parameter('the number of the build', 'the number of a build', parseCount),
  commit: parameter(
    'the commit it was built from; 7 hex digits are enough',
    'at least 7 hex digits of a commit',
    (text) => (/^[0-9a-f]{7,64}$/.test(text) ? text : undefined),
  ),
  layer: parameter('images with this layer', DIGEST, parseDigest),
  refers: parameter('what refers to this manifest: signatures, attestations', DIGEST, parseDigest),
  base: parameter(
    'built on this image, directly or through others: its digest or image id',
    DIGEST,
    parseDigest,
  ),
  kind: parameter(`of one kind of identity: ${KINDS.join(', ')}`, `one of ${KINDS.join(', ')}`, (text) =>
    KINDS.find((one) => one === text),
  ),
  reason: parameter('refused or failed for this reason, as records name it', 'a reason', nonEmpty),
  text: parameter('with this text anywhere in the record, in capitals or not', 'a text', nonEmpty),
  label: parameter('with this label: name, or name=value', 'a label as name or name=value', nonEmpty),
  without: parameter(
    `that lack one of ${LACKING.join(', ')}, or label:NAME`,
    `one of ${LACKING.join(', ')}, or label:NAME`,
    (text) => (LACKING.includes(text) || /^label:./.test(text) ? text : undefined),
  ),
  unsigned: parameter(
    'to which nothing was pushed that refers to it within this time: 30m, 24h',
    'a length of time such as 30m or 24h',
    parseLength,
  ),
  inside: parameter('inside a window: Mon-Fri 08:00-18:00 Europe/Berlin', WINDOW, windowOf),
  outside: parameter('outside of such a window', WINDOW, windowOf),
  cursor: parameter('what the answer before gave as next', CURSOR, parseRecordCursor),
});

export type PushesQuery = z.output<typeof pushesParameters>;

/** With the digests of the base that is asked for. @throws {WardenError} FILTER_MALFORMED */
export async function wholeQuery(
  parts: Pick<AuditParts, 'index' | 'now'>,
  query: PushesQuery,
  mayRead: MayRead,
): Promise<RecordPageQuery> {
  const asked = recordQuery(query, parts.now());
  if (query.base === undefined) return asked;
  return { ...asked, filters: { ...asked.filters, bases: await basesAsked(parts, query.base, mayRead) } };
}

/** All but `base`, which has to be looked up. @throws {WardenError} FILTER_MALFORMED */
export function recordQuery(query: PushesQuery, now: number): RecordPageQuery {
  const { result, type, without, unsigned } = query;
  if (result !== undefined && type !== undefined)
    throw malformed('result', 'cannot be given together with type');
  const filters: RecordFilters = {
    ...only(query, ['repository', 'tag', 'user', 'host', 'digest', 'rule', 'job', 'build', 'commit']),
    ...only(query, ['layer', 'refers']),
    ...networkOf(query),
    ...spanOf(query, now),
    types: type === undefined ? (result ?? RESULTS['all'] ?? []) : [type],
    ...labelsOf(query),
    ...(query.kind !== undefined && { actorKind: query.kind }),
    ...only(query, ['reason']),
    ...(without !== undefined && LACKING.includes(without) && { without: [without as Fact] }),
    ...(unsigned !== undefined && { unsignedMs: unsigned, types: ['push.accepted'] }),
  };
  return {
    filters,
    limit: limitOf(query),
    cursor: query.cursor,
    check: checkOf(query),
    checkTime: checkTimeOf(query),
  };
}

/** By their names, which the index has. */
function labelsOf({ label, without }: PushesQuery): Pick<RecordFilters, 'label' | 'withoutLabel'> {
  const lacking = lackedLabel(without);
  return {
    ...(label !== undefined && { label: label.split('=', 1)[0] ?? '' }),
    ...(lacking !== undefined && { withoutLabel: lacking }),
  };
}

function lackedLabel(without: string | undefined): string | undefined {
  return without?.startsWith('label:') ? without.slice('label:'.length) : undefined;
}

/** What stands in the records alone. */
function checkOf({ label, without, text }: PushesQuery) {
  const checks: ((record: PushRecord) => boolean)[] = [];
  if (label !== undefined) {
    const [name = '', ...value] = label.split('=');
    checks.push((record) => {
      const found = labelOf(record, name);
      return found !== undefined && (value.length === 0 || found === value.join('='));
    });
  }
  const lacking = lackedLabel(without);
  if (lacking !== undefined) checks.push((record) => labelOf(record, lacking) === undefined);
  if (text !== undefined) {
    const wanted = text.toLowerCase();
    checks.push((record) => textOf(record).toLowerCase().includes(wanted));
  }
  return checks.length === 0 ? undefined : (record: PushRecord) => checks.every((fits) => fits(record));
}

function checkTimeOf({ inside, outside }: PushesQuery) {
  if (inside === undefined && outside === undefined) return undefined;
  return (time: number): boolean =>
    (inside === undefined || isWithin(inside, time)) && (outside === undefined || !isWithin(outside, time));
}

/** All that somebody can have written into it, and names and digests; not the names of fields. */
function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null) return '';
  return (Array.isArray(value) ? value : Object.entries(value).flatMap(labelled)).map(textOf).join('\n');
}

/** Names of labels and headers were written by people too. */
function labelled([name, value]: [string, unknown]): readonly unknown[] {
  const written = (name === 'labels' || name === 'meta') && typeof value === 'object' && value !== null;
  return written ? [...Object.keys(value), value] : [value];
}

/** Of its own: every object has something called constructor. */
function labelOf(record: PushRecord, name: string): string | undefined {
  const labels = ('labels' in record && record.labels) || {};
  return Object.hasOwn(labels, name) ? labels[name] : undefined;
}

function windowOf(text: string): TimeWindow | undefined {
  const parsed = parseTimeWindow(text);
  return parsed.ok ? parsed.window : undefined;
}

function only<T extends object, K extends keyof T>(
  from: T,
  keys: readonly K[],
): { [P in K]?: Exclude<T[P], undefined> } {
  const entries = keys.map((key) => [key, from[key]] as const).filter(([, value]) => value !== undefined);
  // Those that are left are not undefined.
  return Object.fromEntries(entries) as { [P in K]?: Exclude<T[P], undefined> };
}

export const PUSHES_COLUMNS: readonly Column<PushItem>[] = [
  { head: 'TIME (UTC)', least: 14, text: ({ time }) => moment(time), whole: ({ time }) => time },
  { head: 'RESULT', least: 8, text: ({ type }) => type.replace(/^push\./, ''), whole: ({ type }) => type },
  { head: 'REPOSITORY', least: 11, text: (item) => nameOf(item) },
  {
    head: 'DIGEST',
    least: 7,
    text: (item) => short(digestOf(item)),
    whole: (item) => digestOf(item) ?? '',
  },
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

function digestOf(item: PushItem): string | undefined {
  return 'subject' in item ? item.subject?.digest : undefined;
}

function nameOf(item: PushItem): string {
  const repository = 'subject' in item ? (item.subject?.repo ?? '') : '';
  return 'tag' in item && item.tag ? named(repository, item.tag.name) : repository;
}

function detailOf(item: PushItem): string {
  const count = 'count' in item && item.count > 1 ? `${item.count}x ` : '';
  const rules = 'policy' in item && item.policy && 'rules' in item.policy ? item.policy.rules.join(' ') : '';
  const reason = 'reason' in item ? item.reason : '';
  return `${count}${rules || reason}`;
}

export const pushes: Question<PushesQuery, PushItem> = {
  name: 'pushes',
  summary: 'the record of pushes, refusals and deletions, newest first',
  parameters: pushesParameters,
  item: recordItem,
  columns: PUSHES_COLUMNS,
  answer: async (parts, query, mayRead) =>
    recordPage(parts, await wholeQuery(parts, query, mayRead), mayRead),
};
