/**
 * Reads the filters of a question, which the command line and the API share.
 *
 * An unknown or repeated parameter is an error: an answer that ignored a filter would look like a complete one.
 */
import { WardenError } from '../errors.ts';
import type { PullFilters, PullPlace } from '../inventory/inventory-thread.ts';
import { parseRange } from '../policy/address.ts';
import { parseRepositoryGlob, parseTagGlob } from '../policy/glob.ts';
import type { RecordFilters } from '../provenance/index-thread.ts';
import { RECORD_TYPES } from '../provenance/record.ts';
import { parseTime } from './time.ts';

/** Parameters as they come: of an address, or of the command line. */
export type RawFilters = Readonly<Record<string, string | readonly string[] | undefined>>;

export interface PushesQuery {
  readonly filters: RecordFilters;
  readonly limit: number;
  /** Records before this index. */
  readonly before?: number;
}

export interface PullsQuery {
  readonly filters: PullFilters;
  readonly limit: number;
  readonly after?: PullPlace;
}

const DEFAULT_LIMIT = 50;
export const LARGEST_LIMIT = 1_000;

const SHARED = [
  'repository',
  'tag',
  'user',
  'host',
  'address',
  'network',
  'digest',
  'since',
  'until',
  'limit',
  'cursor',
];
export const PULLS_PARAMETERS: readonly string[] = SHARED;
export const PUSHES_PARAMETERS: readonly string[] = [...SHARED, 'result', 'rule', 'type'];

/** What `result` stands for. Without it and without `type`: everything about repositories. */
const RESULTS: Readonly<Record<string, readonly string[]>> = {
  accepted: ['push.accepted'],
  refused: ['push.refused'],
  all: RECORD_TYPES.filter((type) => /^(?:push|tag|manifest|blob)\./.test(type)),
};

/**
 * @param now milliseconds since 1970, which relative times count from.
 * @throws {WardenError} FILTER_MALFORMED that names the parameter and what was expected.
 */
export function parsePushesQuery(raw: RawFilters, now: number): PushesQuery {
  const read = reader(raw, PUSHES_PARAMETERS);
  const result = read('result', 'accepted, refused or all', (text) => RESULTS[text]);
  const type = read('type', `one of ${RECORD_TYPES.join(', ')}`, (text) =>
    RECORD_TYPES.find((one) => one === text),
  );
  if (result !== undefined && type !== undefined) {
    throw malformed('result', 'cannot be given together with type');
  }
  const rule = read('rule', 'the id of a rule', nonEmpty);
  const before = read('cursor', 'what an answer gave as next', parseCount);
  return {
    filters: {
      ...sharedFilters(read, now),
      types: type === undefined ? (result ?? RESULTS['all'] ?? []) : [type],
      ...(rule !== undefined && { rule }),
    },
    limit: readLimit(read),
    ...(before !== undefined && { before }),
  };
}

/** As {@link parsePushesQuery}. */
export function parsePullsQuery(raw: RawFilters, now: number): PullsQuery {
  const read = reader(raw, PULLS_PARAMETERS);
  const after = read('cursor', 'what an answer gave as next', (text) => {
    const [last, id, ...rest] = text.split('.').map(parseCount);
    return last === undefined || id === undefined || rest.length > 0 ? undefined : { last, id };
  });
  return {
    filters: sharedFilters(read, now),
    limit: readLimit(read),
    ...(after !== undefined && { after }),
  };
}

/** Reads one parameter: undefined when it is not given. */
type Read = <T>(name: string, expected: string, parse: (text: string) => T | undefined) => T | undefined;

function sharedFilters(read: Read, now: number): PullFilters {
  const repository = read('repository', 'a pattern such as team/** (without variables)', (text) =>
    !text.includes('{') && parseRepositoryGlob(text).ok ? text : undefined,
  );
  const tag = read('tag', 'a tag, or a pattern such as 1.*', (text) =>
    parseTagGlob(text).ok ? text : undefined,
  );
  const user = read('user', 'a user name, or nothing for the anonymous one', (text) => text);
  const host = read('host', "a host's name as the policy has it", nonEmpty);
  const address = read('address', 'an address such as 10.1.2.11', (text) =>
    !text.includes('/') && parseRange(text).ok ? text : undefined,
  );
  const network = read('network', 'a network such as 10.1.0.0/16, written with its first address', (text) =>
    parseRange(text).ok ? text : undefined,
  );
  if (address !== undefined && network !== undefined) {
    throw malformed('address', 'cannot be given together with network');
  }
  const digest = read(
    'digest',
    'sha256: and at least 7 of its hex digits (sha256: can be left out)',
    parseDigest,
  );
  const instants = '2026-11-23, 2026-11-23T10:00:00Z (with a zone), 24h or 7d';
  const since = read('since', instants, (text) => parseTime(text, now)?.from);
  const until = read('until', instants, (text) => parseTime(text, now)?.to);
  if (since !== undefined && until !== undefined && since >= until) {
    throw malformed('until', 'is not after since');
  }
  const range = address ?? network;
  return {
    ...(repository !== undefined && { repository }),
    ...(tag !== undefined && { tag }),
    ...(user !== undefined && { user }),
    ...(host !== undefined && { host }),
    ...(range !== undefined && { network: range }),
    ...(digest !== undefined && { digest }),
    ...(since !== undefined && { since }),
    ...(until !== undefined && { until }),
  };
}

function readLimit(read: Read): number {
  const limit = read('limit', `a number from 1 to ${LARGEST_LIMIT}`, (text) => {
    const number = parseCount(text);
    return number !== undefined && number >= 1 && number <= LARGEST_LIMIT ? number : undefined;
  });
  return limit ?? DEFAULT_LIMIT;
}

function reader(raw: RawFilters, known: readonly string[]): Read {
  for (const [name, value] of Object.entries(raw)) {
    if (value === undefined) continue;
    if (!known.includes(name)) {
      throw malformed(name, `is not a filter here; there are ${known.join(', ')}`);
    }
    if (typeof value !== 'string') throw malformed(name, 'is given more than once');
  }
  return (name, expected, parse) => {
    const text = Object.hasOwn(raw, name) ? raw[name] : undefined;
    if (typeof text !== 'string') return undefined;
    const value = text.length <= TEXT_LIMIT ? parse(text) : undefined;
    if (value === undefined) throw malformed(name, `is not ${expected}`);
    return value;
  };
}

const TEXT_LIMIT = 512;

/** The value is not repeated: it comes from outside, and the name and what was expected are enough to mend it. */
function malformed(name: string, problem: string): WardenError {
  return new WardenError('FILTER_MALFORMED', {
    sentence: `filter ${JSON.stringify(name.slice(0, 64))} ${problem}`,
  });
}

function nonEmpty(text: string): string | undefined {
  return text === '' ? undefined : text;
}

function parseCount(text: string): number | undefined {
  return /^(?:0|[1-9]\d{0,14})$/.test(text) ? Number(text) : undefined;
}

function parseDigest(text: string): string | undefined {
  const [, algorithm = 'sha256', hex] = /^(?:(sha256|sha512):)?([0-9a-f]{7,128})$/.exec(text) ?? [];
  return hex === undefined ? undefined : `${algorithm}:${hex}`;
}
