/** The questions to the record, as the API declares them: each is declared in audit/questions. */
import { z } from 'zod';
import type { AskedQuestion } from '../../audit/asked-question.ts';
import { EXPORT_FORMATS } from '../../audit/export.ts';
import { parameter } from '../../audit/parameters.ts';
import { QUESTIONS } from '../../audit/questions.ts';
import type { Operation, Operations } from './operation.ts';
import { number } from './shared.ts';

/** What every question takes besides its own filters. */
export const formParameters = {
  format: parameter(
    'all of it as a file, instead of a page; the export is itself a record',
    `one of ${EXPORT_FORMATS.join(', ')}`,
    (text) => EXPORT_FORMATS.find((one) => one === text),
  ),
  proofs: parameter('of ndjson: no leaves out what each record is checked with', 'yes or no', (text) =>
    text === 'yes' ? true : text === 'no' ? false : undefined,
  ),
  proof: parameter('true: each record of the page with its proof', 'true', (text) =>
    text === 'true' ? true : undefined,
  ),
};

const EXPORTS = {
  'text/csv': 'with format=csv: RFC 4180, with a head; no cell is a formula',
  'application/x-ndjson': 'with format=ndjson: a line for the export, one for each record, one for the end',
} as const;

function operationOf({ name, summary, parameters, item, page }: AskedQuestion): Operation {
  return {
    method: 'GET',
    path: `/api/v1/${name}`,
    route: `audit-${name}`,
    group: 'record',
    access: 'login',
    summary,
    query: parameters.extend(formParameters),
    answer: {
      status: 200,
      json: z.strictObject({
        items: z.array(item),
        next: z
          .string()
          .describe('goes into `cursor` for what comes after; absent at the end')
          .exactOptional(),
        more: z
          .literal(true)
          .describe(
            'there is more that neither these rows nor those of `next` tell: ask with a larger limit, or for less',
          )
          .exactOptional(),
        watermark: number
          .describe('the answer covers the entries of the log with an index below it')
          .exactOptional(),
        ...page,
      }),
      other: EXPORTS,
    },
    errors: ['FILTER_MALFORMED', 'POLICY_DENIED', 'OVERLOADED', 'RECORD_UNAVAILABLE'],
  };
}

/** `askBuiltOn` for `built-on`. */
export function questionId(name: string): string {
  return `ask${name.replace(/(?:^|-)([a-z])/g, (_, letter: string) => letter.toUpperCase())}`;
}

export const questionOperations: Operations = Object.fromEntries(
  QUESTIONS.map((question) => [questionId(question.name), operationOf(question)]),
);

export const eventOperations = {
  followRecord: {
    method: 'GET',
    path: '/api/v1/events',
    route: 'events',
    group: 'record',
    access: 'login',
    summary: 'new records as they come',
    description:
      'The id of an event is the index of its record, its name the type, its data the record in JSON. A stream ends after a quarter of an hour, and with the login that it was asked for.',
    headers: { 'Last-Event-ID': 'index of the last record that was seen: what came since is sent first' },
    answer: { status: 200, other: { 'text/event-stream': 'server-sent events' } },
    errors: ['FILTER_MALFORMED', 'POLICY_DENIED', 'OVERLOADED'],
  },
} as const satisfies Operations;
