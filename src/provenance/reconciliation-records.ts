/** The records of what Warden finds when it compares the record with the registry. */
import { z } from 'zod';
import { act } from './act.ts';
import { count, digest, everyRecord, id, tag, text, time, truncated } from './facts.ts';

/** The registry's tag is not what the last record says. `tag.from` is what the log expected, `subject.digest` what was found; each absent for none. */
export const tagDrift = z.strictObject({
  ...everyRecord,
  type: z.literal('tag.drift'),
  id,
  subject: z.strictObject({ repo: text, digest: digest.optional() }),
  tag,
});

const manifestOf = {
  id,
  subject: z.strictObject({ repo: text, digest }),
  /** Under which it was found. */
  tag: z.strictObject({ name: text }).optional(),
} as const;

/** The registry does not have a manifest that is on record, and that nobody deleted through Warden. */
export const manifestMissing = z.strictObject({
  ...everyRecord,
  type: z.literal('manifest.missing'),
  ...manifestOf,
});

/** The registry has a manifest that nobody pushed through Warden, or that was deleted or missing before. */
export const manifestFound = z.strictObject({
  ...everyRecord,
  type: z.literal('manifest.found'),
  ...manifestOf,
});

/** Record and registry were compared as a whole, in both directions. Nobody is named where the schedule did it. */
export const logReconciled = z.strictObject({
  ...everyRecord,
  type: z.literal('log.reconciled'),
  id,
  ...act,
  /** When it began. */
  began: time,
  reconciled: z.strictObject({
    /** Records, repositories of the registry, and what was asked of it. */
    entries: count,
    repositories: count,
    tags: count,
    manifests: count,
    /** Records that this made: tag.drift, manifest.found, manifest.missing. */
    drifted: count,
    found: count,
    missing: count,
    /** What could not be compared, since a push or deletion of it was not settled. */
    skipped: count,
    /** What the registry, which answered otherwise, could not say anything of. */
    unreadable: count,
  }),
  truncated,
});

/** All of this file. */
export const reconciliationRecords = [tagDrift, manifestMissing, manifestFound, logReconciled] as const;
