/** The records of what is done to Warden itself, and of what it notices by itself, rather than of a push or a deletion. */
import { z } from 'zod';
import { actor, digest, everyRecord, grouped, id, peer, tag, text, time, truncated } from './facts.ts';

export const loginFailed = z.strictObject({
  ...everyRecord,
  type: z.literal('login.failed'),
  id,
  ...grouped,
  reason: text,
  actor: actor.optional(),
  peer: peer.optional(),
  truncated,
});

/** The registry's tag is not what the last record says. `tag.from` is what the log expected, `subject.digest` what was found; each absent for none. */
export const tagDrift = z.strictObject({
  ...everyRecord,
  type: z.literal('tag.drift'),
  id,
  subject: z.strictObject({ repo: text, digest: digest.optional() }),
  tag,
});

/** The first record of every log. */
export const logOpened = z.strictObject({ ...everyRecord, type: z.literal('log.opened'), id });

export const policyChanged = z.strictObject({
  ...everyRecord,
  type: z.literal('policy.changed'),
  id,
  policy: z.strictObject({ digest: text, from: text.optional(), files: z.array(text).optional() }),
});

/**
 * The machine's clock was set while Warden ran: it would have shown `expected`, and showed `shown`. Times of the records
 * before and after it are by different clocks.
 */
export const clockJumped = z.strictObject({
  ...everyRecord,
  type: z.literal('clock.jumped'),
  id,
  clock: z.strictObject({ expected: time, shown: time }),
});

/** All of this file. A type that is added here is one of `recordSchema`. */
export const administrativeRecords = [loginFailed, tagDrift, logOpened, policyChanged, clockJumped] as const;
