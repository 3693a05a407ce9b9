/**
 * The record, version 1: what a leaf of the push log holds. This file is the authority, with those of facts, pushes, deletions
 * and administration that it puts together; docs/record.md describes it.
 *
 * Evidence says how a fact is known, and nothing that was claimed is ever shown as more:
 * `observed`   seen on the wire by Warden, or in bytes that it hashed itself;
 * `verified`   proven by a signature or an authentication that Warden checked;
 * `looked-up`  asked by Warden from the authority for it;
 * `claimed`    said by the client or by the content it pushed.
 * Objects that can be one or the other carry it as `evidence`. Elsewhere it is fixed: `peer.ua`, `labels`, `meta` and `subject`'s
 * media and artifact types repeat what the client said; `peer.host` is as good as `peer.hostBy`; all else is observed.
 */
import { z } from 'zod';
import { administrativeRecords } from './administrative-records.ts';
import {
  blobDeleted,
  type DeletionIntent,
  type DeletionOutcome,
  deleteAborted,
  deletedOutcome,
  manifestDeleted,
  notDeletedOutcome,
  tagDeleted,
} from './deletion-records.ts';
import type { Frozen } from './facts.ts';
import {
  abortedOutcome,
  acceptedOutcome,
  type PushIntent,
  type PushOutcome,
  pushAborted,
  pushAccepted,
  pushRefused,
} from './push-records.ts';
import { reconciliationRecords } from './reconciliation-records.ts';

/** The schema of a leaf. */
export const recordSchema = z.discriminatedUnion('type', [
  pushAccepted,
  pushRefused,
  pushAborted,
  tagDeleted,
  manifestDeleted,
  blobDeleted,
  deleteAborted,
  ...reconciliationRecords,
  ...administrativeRecords,
]);

/** What `Recorder.conclude` adds. */
export const outcomeSchema = z.discriminatedUnion('type', [
  acceptedOutcome,
  abortedOutcome,
  deletedOutcome,
  notDeletedOutcome,
]);

export type { DeletionIntent, DeletionOutcome } from './deletion-records.ts';
export type { Actor, Evidence, Peer } from './facts.ts';
export { EVIDENCE } from './facts.ts';
export type { PushIntent, PushOutcome } from './push-records.ts';

export type PushRecord = Frozen<z.infer<typeof recordSchema>>;
export type RecordType = PushRecord['type'];
export type Intent = PushIntent | DeletionIntent;
export type IntentOutcome = PushOutcome | DeletionOutcome;

export const RECORD_TYPES = recordSchema.options.map(
  (option) => option.shape.type.value,
) as readonly RecordType[];

/** Leaves out what the recorder adds by itself. Distributes over the union. */
type Draft<T> = T extends unknown ? Omit<T, 'v' | 'time' | 'proxy' | 'id' | 'truncated'> : never;
/** What `Recorder.append` takes: the recorder adds version, id, time and proxy; the log adds `tag.prev`. */
export type RecordDraft = Draft<
  Exclude<PushRecord, { type: 'push.accepted' | 'push.aborted' | 'delete.aborted' }>
>;

/** The drafts of what somebody did: those with `done`. */
export type AdministrativeDraft = Extract<RecordDraft, { readonly done?: string | undefined }>;
type WithoutDone<T> = T extends unknown ? Omit<T, 'done'> : never;
/** What `keepAct` takes: it adds when. */
export type ActDraft = WithoutDone<AdministrativeDraft>;

type Facts<T> = T extends unknown
  ? Omit<T, 'v' | 'time' | 'proxy' | 'id' | 'truncated' | 'type' | 'count' | 'since' | 'until'>
  : never;
/** What `Recorder.refused` takes. */
export type RefusedFacts = Facts<Extract<PushRecord, { type: 'push.refused' }>>;
/** What `Recorder.loginFailed` takes. */
export type LoginFailedFacts = Facts<Extract<PushRecord, { type: 'login.failed' }>>;

/** The tag, or without one the digest: what an intent holds alone. */
export function referenceOf(intent: Pick<Intent, 'subject' | 'tag'>): string {
  return intent.tag?.name ?? intent.subject.digest;
}

/** Whether an intent holds its whole repository: the registry takes every tag along that shows a deleted manifest. */
export function holdsRepository(intent: Intent): boolean {
  return 'deletes' in intent && intent.deletes === 'manifest';
}
