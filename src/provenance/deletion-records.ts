/** The records of a deletion: what the intent holds before the registry is asked, and how it ended. */
import { z } from 'zod';
import {
  actor,
  digest,
  ending,
  everyRecord,
  type Frozen,
  id,
  peer,
  policy,
  tag,
  text,
  time,
  token,
  truncated,
} from './facts.ts';

/** Everything about a deletion that is known before the registry is asked. */
const deletion = {
  id,
  /** When the intent was made. */
  began: time,
  /** A tag, a manifest by its digest, or a blob. */
  deletes: z.enum(['tag', 'manifest', 'blob']),
  /** For a tag, the digest that it showed. */
  subject: z.strictObject({ repo: text, digest }),
  /** Of the deletion of a tag alone. */
  tag: tag.optional(),
  actor,
  peer,
  token: token.optional(),
  policy,
  truncated,
} as const;

export const tagDeleted = z.strictObject({
  ...everyRecord,
  type: z.literal('tag.deleted'),
  ...deletion,
  ...ending,
  /** Without digest where the tag came between the look and the deletion. */
  subject: z.strictObject({ repo: text, digest: digest.optional() }),
  tag,
});

/** By digest; the registry takes the tags that show it along. */
export const manifestDeleted = z.strictObject({
  ...everyRecord,
  type: z.literal('manifest.deleted'),
  ...deletion,
  ...ending,
});

/** Out of one repository; the registry keeps it where another one has it. */
export const blobDeleted = z.strictObject({
  ...everyRecord,
  type: z.literal('blob.deleted'),
  ...deletion,
  ...ending,
});

/** A deletion that came to nothing: the registry refused, or recovery found it still there. */
export const deleteAborted = z.strictObject({
  ...everyRecord,
  type: z.literal('delete.aborted'),
  ...deletion,
  ...ending,
  reason: text,
});

/** What `Recorder.intend` keeps of a deletion. */
export const deletionIntent = z.strictObject(deletion);

export const deletedOutcome = z.strictObject({
  type: z.enum(['tag.deleted', 'manifest.deleted', 'blob.deleted']),
  ...ending,
});
export const notDeletedOutcome = z.strictObject({
  type: z.literal('delete.aborted'),
  reason: text,
  ...ending,
});

export type DeletionIntent = Frozen<z.infer<typeof deletionIntent>>;
export type DeletionOutcome = Frozen<z.infer<typeof deletedOutcome> | z.infer<typeof notDeletedOutcome>>;
