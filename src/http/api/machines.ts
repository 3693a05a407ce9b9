/** Robots and push grants, as the API declares them. */
import { z } from 'zod';
import { parameter } from '../../audit/parameters.ts';
import { ROBOT_ACTIONS } from '../../identity/robots/robot.ts';
import type { Operations } from './operation.ts';
import { digest, listOf, moment, number, texts } from './shared.ts';

export const robot = z.strictObject({
  name: z.string(),
  description: z.string().exactOptional(),
  groups: texts,
  repositories: texts.describe('patterns: the most that it is good for'),
  actions: texts,
  created: moment,
  createdBy: z.string(),
  expires: moment,
  secrets: z.array(
    z.strictObject({
      id: z.string(),
      created: moment,
      until: moment.describe('of an old one: when it ends').exactOptional(),
    }),
  ),
  lastUsed: z.strictObject({ time: moment, address: z.string() }).exactOptional(),
});

const newRobot = z.strictObject({
  name: z.string(),
  description: z.string().optional(),
  groups: texts.default([]),
  repositories: texts.describe('patterns as in the policy'),
  actions: z.array(z.enum(ROBOT_ACTIONS)).default(['pull', 'push']),
  days: z.int().min(1).describe('until it expires'),
});
const rotation = z.strictObject({
  overlapHours: z.number().min(0).default(24).describe('for which the old secret still counts'),
});

const LINE_LIMIT = 512;
const line = z
  .string()
  .max(LINE_LIMIT)
  .refine((text) => text.trim() !== '' && !/\p{C}/u.test(text), {
    error: `expected one line of at most ${LINE_LIMIT} characters`,
  });

/** What the builder says of the job: claimed. */
const job = {
  project: line.exactOptional(),
  job: line.exactOptional(),
  number: z.int().min(0).exactOptional(),
  commit: line.exactOptional(),
  ref: line.exactOptional(),
  uri: line.exactOptional(),
  operator: line.exactOptional(),
  url: line.exactOptional(),
};
const grantRequest = z.strictObject({
  repositories: texts.describe('names, not patterns'),
  tags: texts.describe('tags or patterns of them; left out: any').optional(),
  host: z.string().describe('where it is good; left out: where it is asked for').optional(),
  minutes: z.int().describe('for how long it is open').optional(),
  ...job,
});
const approval = z.strictObject({ comment: line });
const closing = z.strictObject({ comment: line.optional() });

const act = z.strictObject({ name: z.string(), time: moment, comment: z.string().exactOptional() });
export const grant = z.strictObject({
  id: z.string(),
  state: z.enum(['pending', 'open', 'used-up', 'closed']),
  owner: z.string(),
  repositories: texts,
  tags: texts.exactOptional(),
  host: z.string().exactOptional(),
  addresses: texts,
  job: z.strictObject(job).describe('claimed by whoever asked'),
  minutes: number,
  created: moment,
  expires: moment.describe('of one that is pending: until when it must be approved'),
  approved: act.exactOptional(),
  ended: z
    .strictObject({
      time: moment,
      why: z.enum(['closed', 'used-up', 'expired', 'not approved']),
      by: act.exactOptional(),
    })
    .exactOptional(),
  pushed: z.array(z.strictObject({ repository: z.string(), tag: z.string(), digest })),
  outstanding: texts.describe('repository:tag; absent where there is no list of them').exactOptional(),
});

/** In seconds. Longer is a connection that proxies cut. */
const WAIT_LIMIT = 60;
const wait = z.strictObject({
  wait: parameter(
    `seconds, 0 to ${WAIT_LIMIT}: the answer comes when the grant is no longer pending, at the latest then`,
    `seconds, 0 to ${WAIT_LIMIT}`,
    (text) => (/^\d{1,2}$/.test(text) && Number(text) <= WAIT_LIMIT ? Number(text) : undefined),
  ),
});

const robots = { route: 'robots', group: 'machines', access: 'login' } as const;
const grants = { route: 'grants', group: 'machines', access: 'login' } as const;
const id = { id: 'of the grant' };
const json = 'application/json';

export const machineOperations = {
  listRobots: {
    ...robots,
    method: 'GET',
    path: '/api/v1/robots',
    summary: 'the robots that the asker may administer',
    answer: { status: 200, json: listOf(robot) },
    errors: [],
  },
  createRobot: {
    ...robots,
    method: 'POST',
    path: '/api/v1/robots',
    summary: 'makes a robot, and shows its secret once',
    body: { type: json, schema: newRobot },
    answer: {
      status: 201,
      json: z.strictObject({ name: z.string(), secret: z.string(), expires: moment }),
    },
    errors: ['POLICY_DENIED', 'NAME_TAKEN', 'RECORD_UNAVAILABLE'],
  },
  revokeRobot: {
    ...robots,
    method: 'DELETE',
    path: '/api/v1/robots/{name}',
    parts: { name: 'of the robot' },
    summary: 'ends a robot and all its logins',
    answer: { status: 204 },
    errors: ['POLICY_DENIED', 'ENTRY_UNKNOWN', 'RECORD_UNAVAILABLE'],
  },
  rotateRobot: {
    ...robots,
    method: 'POST',
    path: '/api/v1/robots/{name}/rotate',
    parts: { name: 'of the robot' },
    summary: 'gives a robot a new secret',
    body: { type: json, schema: rotation },
    answer: {
      status: 200,
      json: z.strictObject({
        name: z.string(),
        secret: z.string(),
        oldUntil: moment.describe('until when the old secret counts'),
      }),
    },
    errors: ['POLICY_DENIED', 'ENTRY_UNKNOWN', 'RECORD_UNAVAILABLE'],
  },
  listGrants: {
    ...grants,
    method: 'GET',
    path: '/api/v1/grants',
    summary: "one's own grants, and those that one may approve or close",
    answer: { status: 200, json: listOf(grant) },
    errors: ['GRANTS_UNAVAILABLE'],
  },
  requestGrant: {
    ...grants,
    method: 'POST',
    path: '/api/v1/grants',
    summary: 'asks for a password for one job',
    description: 'The grant is open at once, or pending where a rule asks for an approval.',
    body: { type: json, schema: grantRequest },
    answer: {
      status: 201,
      json: grant.extend({
        user: z.string().describe('to log in with'),
        password: z.string().describe('shown once'),
      }),
    },
    errors: ['POLICY_DENIED', 'GRANTS_UNAVAILABLE', 'RECORD_UNAVAILABLE'],
  },
  showGrant: {
    ...grants,
    method: 'GET',
    path: '/api/v1/grants/{id}',
    parts: id,
    summary: 'one grant; on request once somebody has decided about it',
    query: wait,
    answer: { status: 200, json: grant },
    errors: ['ENTRY_UNKNOWN', 'GRANTS_UNAVAILABLE'],
  },
  approveGrant: {
    ...grants,
    method: 'POST',
    path: '/api/v1/grants/{id}/approve',
    parts: id,
    summary: 'approves a grant of somebody else',
    body: { type: json, schema: approval },
    answer: { status: 200, json: grant },
    errors: ['POLICY_DENIED', 'ENTRY_UNKNOWN', 'GRANT_ENDED', 'GRANTS_UNAVAILABLE', 'RECORD_UNAVAILABLE'],
  },
  closeGrant: {
    ...grants,
    method: 'POST',
    path: '/api/v1/grants/{id}/close',
    parts: id,
    summary: 'ends a grant',
    body: { type: json, schema: closing },
    answer: { status: 200, json: grant },
    errors: ['POLICY_DENIED', 'ENTRY_UNKNOWN', 'GRANT_ENDED', 'GRANTS_UNAVAILABLE', 'RECORD_UNAVAILABLE'],
  },
} as const satisfies Operations;
