/** The comparison of the record with the registry, as the API declares it. */
import { z } from 'zod';
import type { Operations } from './operation.ts';
import { digest, moment, number } from './shared.ts';

const repo = z.string();
const difference = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('tag.drift'),
    repo,
    tag: z.string(),
    expected: digest.describe('by the record; absent for no such tag').exactOptional(),
    found: digest.describe('in the registry; absent for no such tag').exactOptional(),
  }),
  z.strictObject({
    type: z.enum(['manifest.found', 'manifest.missing']),
    repo,
    digest,
    tag: z.string().exactOptional(),
  }),
  z.strictObject({ type: z.literal('unreadable'), repo, reference: z.string() }),
]);
const report = z
  .strictObject({
    began: moment,
    ended: moment.describe('absent while it runs').exactOptional(),
    stopped: z
      .string()
      .describe('why it stopped before its end; the next run goes on from there')
      .exactOptional(),
    counts: z.strictObject({
      entries: number,
      repositories: number,
      tags: number,
      manifests: number,
      drifted: number,
      found: number,
      missing: number,
      skipped: number,
      unreadable: number,
    }),
    differences: z
      .array(difference)
      .describe('the first of what was found; `counts` has how many there were'),
  })
  .nullable()
  .describe('of the run under way, else of the last one of this process; null before the first');

const about = { group: 'registry', access: 'login', route: 'reconciliation' } as const;

export const registryOperations = {
  reportReconciliation: {
    ...about,
    method: 'GET',
    path: '/api/v1/reconciliation',
    summary: 'how far the comparison is, and what was found',
    answer: { status: 200, json: z.strictObject({ report }) },
    errors: ['POLICY_DENIED'],
  },
  startReconciliation: {
    ...about,
    method: 'POST',
    path: '/api/v1/reconciliation',
    summary: 'has the record compared with the registry',
    body: { type: 'application/json', schema: z.unknown().describe('not read') },
    answer: {
      status: 200,
      json: z.strictObject({ started: z.boolean().describe('false while one is under way'), report }),
    },
    errors: ['POLICY_DENIED'],
  },
} as const satisfies Operations;
