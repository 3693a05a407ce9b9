/** All that the API offers. */
import { z } from 'zod';
import { attestationOperations } from './attestations.ts';
import { logOperations } from './log.ts';
import { loginOperations, tokenOperations } from './logins.ts';
import { machineOperations } from './machines.ts';
import type { Operation, Operations } from './operation.ts';
import { policyOperations } from './policy.ts';
import { eventOperations, questionOperations } from './questions.ts';
import { registryOperations } from './registry.ts';
import { statusOperations } from './status.ts';

export const descriptionOperations = {
  describeApi: {
    method: 'GET',
    path: '/api/v1/openapi.json',
    route: 'openapi',
    group: 'description',
    access: 'public',
    summary: 'this description: OpenAPI 3.1',
    answer: { status: 200, json: z.looseObject({ openapi: z.string() }) },
    errors: [],
  },
} as const satisfies Operations;

const NAMED = {
  ...loginOperations,
  ...machineOperations,
  ...policyOperations,
  ...eventOperations,
  ...logOperations,
  ...registryOperations,
  ...statusOperations,
  ...attestationOperations,
  ...descriptionOperations,
} as const;

/** Those that have a handler of their own in the application; the questions share one. */
export type OperationId = keyof typeof NAMED;

export const OPERATIONS: Readonly<Record<string, Operation>> = {
  ...tokenOperations,
  ...questionOperations,
  ...NAMED,
};
