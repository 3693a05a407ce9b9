/** The records of robots and of push grants. */
import { z } from 'zod';
import { act } from './act.ts';
import { count, everyRecord, id, text, time, truncated } from './facts.ts';
import { behind } from './push-records.ts';

const named = { ...everyRecord, id, ...act } as const;

const robotCreated = z.strictObject({
  ...named,
  type: z.literal('robot.created'),
  robot: z.strictObject({
    name: text,
    groups: z.array(text).optional(),
    /** Patterns. */
    repositories: z.array(text),
    /** Words of rules. */
    actions: z.array(text),
    expires: time,
    /** Names its secret, and says nothing of it. */
    secret: text,
  }),
});

const robotRotated = z.strictObject({
  ...named,
  type: z.literal('robot.rotated'),
  /** `oldUntil`: until when the secret before still counts. */
  robot: z.strictObject({ name: text, secret: text, oldUntil: time }),
});

const robotRevoked = z.strictObject({
  ...named,
  type: z.literal('robot.revoked'),
  robot: z.strictObject({ name: text }),
});

/** The actor is who asked for it. */
const grantRequested = z.strictObject({
  ...named,
  type: z.literal('grant.requested'),
  grant: text,
  terms: z.strictObject({
    repositories: z.array(text),
    /** Tags and patterns; absent: any. */
    tags: z.array(text).optional(),
    addresses: z.array(text),
    /** Of the policy, that has these addresses. */
    host: text.optional(),
    minutes: count,
    /** Pending: it needs an approval before it is worth anything. */
    state: z.enum(['open', 'pending']),
  }),
  ...behind,
  truncated,
});

/** The actor is who approved it. */
const grantApproved = z.strictObject({
  ...named,
  type: z.literal('grant.approved'),
  grant: text,
  comment: text,
  expires: time,
});

/** Without an actor where its time has ended it. */
const grantClosed = z.strictObject({
  ...named,
  type: z.literal('grant.closed'),
  grant: text,
  why: z.enum(['closed', 'expired', 'not approved']),
  comment: text.optional(),
});

/** All tags that it names are pushed. The actor is who pushed with it. */
const grantUsedUp = z.strictObject({ ...named, type: z.literal('grant.used-up'), grant: text });

export const credentialRecords = [
  robotCreated,
  robotRotated,
  robotRevoked,
  grantRequested,
  grantApproved,
  grantClosed,
  grantUsedUp,
] as const;
