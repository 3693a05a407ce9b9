/**
 * The parameters of questions, which the command line and the API share: a text each, its description, and how it is read.
 *
 * An unknown or repeated parameter is an error: an answer that ignored a filter would look like a complete one.
 */
import { z } from 'zod';
import { WardenError } from '../errors.ts';
import { parseRange } from '../policy/address.ts';
import { parseRepositoryGlob, parseTagGlob } from '../policy/glob.ts';
import { parseTime } from './time.ts';

/** Parameters as they come: of an address, or of the command line. */
export type RawFilters = Readonly<Record<string, string | readonly string[] | undefined>>;

/** A time that may count from the present. @param now milliseconds since 1970. */
export type Moment = (now: number) => number;

const TEXT_LIMIT = 512;
const DEFAULT_LIMIT = 50;
export const LARGEST_LIMIT = 1_000;

/** @param expected completes "is not …". */
export function parameter<T>(description: string, expected: string, parse: (text: string) => T | undefined) {
  return z
    .string({ error: 'is given more than once' })
    .max(TEXT_LIMIT, { error: `is not ${expected}` })
    .transform((text, context): T => {
      const value = parse(text);
      if (value !== undefined) return value;
      context.addIssue({ code: 'custom', message: `is not ${expected}` });
      return z.NEVER;
    })
    .optional()
    .describe(description);
}

/** A parameter without which the question is none. */
export function required<T>(description: string, expected: string, parse: (text: string) => T | undefined) {
  return z
    .string({
      error: ({ input }) => (input === undefined ? `is needed: ${expected}` : 'is given more than once'),
    })
    .max(TEXT_LIMIT, { error: `is not ${expected}` })
    .transform((text, context): T => {
      const value = parse(text);
      if (value !== undefined) return value;
      context.addIssue({ code: 'custom', message: `is not ${expected}` });
      return z.NEVER;
    })
    .describe(description);
}

/**
 * @param now milliseconds since 1970.
 * @throws {WardenError} FILTER_MALFORMED that names the parameter and what was expected.
 */
export function readParameters<P>(schema: z.ZodObject<z.ZodRawShape> & z.ZodType<P>, raw: RawFilters): P {
  const given = Object.fromEntries(Object.entries(raw).filter(([, value]) => value !== undefined));
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  if (issue?.code === 'unrecognized_keys') {
    const known = Object.keys(schema.shape);
    throw malformed(
      issue.keys[0] ?? '',
      `is not a filter here; there ${known.length === 0 ? 'is none' : `are ${known.join(', ')}`}`,
    );
  }
  throw malformed(String(issue?.path[0] ?? ''), issue?.message ?? 'is wrong');
}

/** The value is not repeated: it comes from outside, and the name and what was expected are enough to mend it. */
export function malformed(name: string, problem: string): WardenError {
  return new WardenError('FILTER_MALFORMED', {
    sentence: `filter ${JSON.stringify(name.slice(0, 64))} ${problem}`,
  });
}

export function nonEmpty(text: string): string | undefined {
  return text === '' ? undefined : text;
}

export function parseCount(text: string): number | undefined {
  return /^(?:0|[1-9]\d{0,14})$/.test(text) ? Number(text) : undefined;
}

/** A day is its beginning. */
export function parseMoment(text: string): Moment | undefined {
  return parseTime(text, 0) && ((now) => parseTime(text, now)?.from ?? now);
}

const INSTANTS = '2026-11-23, 2026-11-23T10:00:00Z (with a zone), 24h or 7d';

/** Parameters of more than one question. */
export const SHARED = {
  repository: parameter(
    'a pattern as in the policy: team/app, team/*, team/**',
    'a pattern such as team/** (without variables)',
    (text) => (!text.includes('{') && parseRepositoryGlob(text).ok ? text : undefined),
  ),
  tag: parameter('a tag, or a pattern: 1.*', 'a tag, or a pattern such as 1.*', (text) =>
    parseTagGlob(text).ok ? text : undefined,
  ),
  user: parameter(
    "a user's name; '' is the anonymous one",
    'a user name, or nothing for the anonymous one',
    (text) => text,
  ),
  host: parameter("a host's name as the policy has it", "a host's name as the policy has it", nonEmpty),
  address: parameter("the client's address", 'an address such as 10.1.2.11', (text) =>
    !text.includes('/') && parseRange(text).ok ? text : undefined,
  ),
  network: parameter(
    'a network: 10.1.0.0/16',
    'a network such as 10.1.0.0/16, written with its first address',
    (text) => (parseRange(text).ok ? text : undefined),
  ),
  digest: parameter(
    'of a manifest, a platform or a configuration; 7 hex digits are enough',
    'sha256: and at least 7 of its hex digits (sha256: can be left out)',
    parseDigest,
  ),
  since: parameter('from then on: 2026-11-23, 2026-11-23T10:00:00Z, 24h, 7d', INSTANTS, parseMoment),
  until: parameter('before then; a day is included', INSTANTS, (text) =>
    parseTime(text, 0) === undefined ? undefined : (now: number) => parseTime(text, now)?.to ?? now,
  ),
  limit: parameter(
    `rows, ${DEFAULT_LIMIT} unless told, at most ${LARGEST_LIMIT}`,
    `a number from 1 to ${LARGEST_LIMIT}`,
    (text) => {
      const number = parseCount(text);
      return number !== undefined && number >= 1 && number <= LARGEST_LIMIT ? number : undefined;
    },
  ),
} as const;

export function limitOf({ limit }: { readonly limit?: number | undefined }): number {
  return limit ?? DEFAULT_LIMIT;
}

/** @throws {WardenError} FILTER_MALFORMED */
export function spanOf(
  { since, until }: { readonly since?: Moment | undefined; readonly until?: Moment | undefined },
  now: number,
): { readonly since?: number; readonly until?: number } {
  const span = { ...(since && { since: since(now) }), ...(until && { until: until(now) }) };
  if (span.since !== undefined && span.until !== undefined && span.since >= span.until) {
    throw malformed('until', 'is not after since');
  }
  return span;
}

/** @throws {WardenError} FILTER_MALFORMED */
export function networkOf({
  address,
  network,
}: {
  readonly address?: string | undefined;
  readonly network?: string | undefined;
}): { readonly network?: string } {
  if (address !== undefined && network !== undefined) {
    throw malformed('address', 'cannot be given together with network');
  }
  const range = address ?? network;
  return range === undefined ? {} : { network: range };
}

/** With its algorithm. */
export function parseDigest(text: string): string | undefined {
  const [, algorithm = 'sha256', hex] = /^(?:(sha256|sha512):)?([0-9a-f]{7,128})$/.exec(text) ?? [];
  return hex === undefined ? undefined : `${algorithm}:${hex}`;
}

/** A digest of which nothing is left out. */
export function parseWholeDigest(text: string): string | undefined {
  const digest = parseDigest(text);
  const lengths: Readonly<Record<string, number>> = { sha256: 64, sha512: 128 };
  const [algorithm = '', hex = ''] = digest?.split(':') ?? [];
  return hex.length === lengths[algorithm] ? digest : undefined;
}
