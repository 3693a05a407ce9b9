/** The records of what is done to Warden itself, rather than of a push or a deletion. */
import { z } from 'zod';
import { act } from './act.ts';
import { credentialRecords } from './credential-records.ts';
import { actor, count, everyRecord, grouped, id, peer, text, time, truncated } from './facts.ts';

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

/** The first record of every log, and one where its tree is first signed under an origin. */
export const logOpened = z.strictObject({
  ...everyRecord,
  type: z.literal('log.opened'),
  id,
  log: z
    .strictObject({
      origin: text,
      /** The key that signs, as a vkey of signed notes. */
      key: text,
      /** The last signed note of the origin before. */
      previous: text.optional(),
    })
    .optional(),
});

export const policyChanged = z.strictObject({
  ...everyRecord,
  type: z.literal('policy.changed'),
  id,
  policy: z.strictObject({ digest: text, from: text.optional(), files: z.array(text).optional() }),
});

/** Logins that ended, or remembered password checks (`checks`) that were forgotten, because somebody said so. */
export const sessionRevoked = z.strictObject({
  ...everyRecord,
  type: z.literal('session.revoked'),
  id,
  ...act,
  revoked: z.strictObject({
    kind: z.enum(['subject', 'robot', 'grant', 'session', 'token', 'checks']),
    /** A name, or an id; none for `checks`. */
    id: text.optional(),
    /** Whose session or token it was, where that is known. */
    sub: text.optional(),
    /** How many refresh tokens ended with it. */
    sessions: count.optional(),
  }),
});

/** A key of ours: made, signing from now on, or taken away. `kid` by RFC 7638; of the log a vkey of signed notes. Without an actor Warden did it by itself. */
export const keyChanged = z.strictObject({
  ...everyRecord,
  type: z.literal('key.changed'),
  id,
  ...act,
  key: z.strictObject({
    /** Of the tokens of clients, of those that the registry gets, or of the log's checkpoints. */
    use: z.enum(['tokens', 'registry', 'log']),
    change: z.enum(['made', 'signs', 'removed']),
    kid: text,
    /** The key that signed before. */
    from: text.optional(),
    /** Of `made`: when it will sign. */
    signs: time.optional(),
    /** When its certificate ends. */
    expires: time.optional(),
  }),
});

/** Somebody took answers away in a file. */
export const exportMade = z.strictObject({
  ...everyRecord,
  type: z.literal('export.made'),
  id,
  actor,
  peer: peer.optional(),
  export: z.strictObject({
    question: text,
    /** Its parameters, as they were given. */
    query: z.record(z.string(), z.string()),
    format: text,
    /** Entries with an index below it were looked at. */
    below: count.optional(),
    /** The signed checkpoint that it came with. */
    checkpoint: text.optional(),
  }),
  truncated,
});

/** An export that was under way came to no end: what went out is a part of what was asked for. */
export const exportCut = z.strictObject({
  ...everyRecord,
  type: z.literal('export.cut'),
  id,
  actor,
  peer: peer.optional(),
  cut: z.strictObject({
    /** Index of the record of the export. */
    made: count,
    /** Rows that were given out at most. */
    items: count,
    /** Why, by the name of the error: of the login that ended, or of what failed. */
    reason: text,
  }),
  truncated,
});

/** Old records were copied into an archive, which was verified with the log, and were then taken out of the log. */
export const logArchived = z.strictObject({
  ...everyRecord,
  type: z.literal('log.archived'),
  id,
  ...act,
  /** Entries with an index below `until` are in that folder alone. */
  archive: z.strictObject({ until: count, folder: text }),
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

/** All of this file and of those beside it. A type that is added here is one of `recordSchema`. */
export const administrativeRecords = [
  loginFailed,
  logOpened,
  policyChanged,
  sessionRevoked,
  keyChanged,
  exportMade,
  exportCut,
  logArchived,
  clockJumped,
  ...credentialRecords,
] as const;
