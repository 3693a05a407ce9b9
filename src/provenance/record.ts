/**
 * The record, version 1: what a leaf of the push log holds. This file is the authority; docs/record.md describes it.
 *
 * Evidence says how a fact is known, and nothing that was claimed is ever shown as more:
 * `observed`   seen on the wire by Warden, or in bytes that it hashed itself;
 * `verified`   proven by a signature or an authentication that Warden checked;
 * `looked-up`  asked by Warden from the authority for it;
 * `claimed`    said by the client or by the content it pushed.
 * Objects that can be one or the other carry it as `evidence`. Elsewhere it is fixed: `peer.ua`, `labels`, `meta` and `subject`'s
 * media and artifact types repeat what the client said; `peer.host` is as good as `peer.hostBy`; all else is observed.
 *
 * A fact that is not known, or does not apply, is absent: never null, never empty to mean unknown.
 */
import { z } from 'zod';

export const EVIDENCE = ['observed', 'verified', 'looked-up', 'claimed'] as const;
const evidence = z.enum(EVIDENCE);

const text = z.string().min(1);
const count = z.int().min(0);
/** The grammar of the image specification; which algorithms are accepted is the protocol's business. */
const digest = z.string().regex(/^[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[A-Za-z0-9=_-]{32,}$/);
const time = z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
const id = z.string().regex(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);

const proxy = z.strictObject({ instance: text, version: text });

/** What was pushed. The digest is over the bytes that Warden buffered and sent on. */
const manifest = z.strictObject({
  repo: text,
  digest,
  /** In bytes, of the manifest. */
  size: count,
  mediaType: text,
  artifactType: text.optional(),
  config: digest.optional(),
  /** How many layers, and their bytes together, as the manifest lists them. */
  layers: count.optional(),
  layerBytes: count.optional(),
  /** Of an index. `platform` is os/architecture[/variant]. */
  children: z.array(z.strictObject({ digest, platform: text.optional() })).optional(),
  /** The manifest that this one refers to, as a signature does. */
  of: digest.optional(),
});

/**
 * Absent for a push by digest. `from` is what the registry had under the tag just before, absent when it had none;
 * `prev` the index of the record before this one about the same tag.
 */
const tag = z.strictObject({ name: text, from: digest.optional(), prev: count.optional() });

/** `sub` is '' for the anonymous one. `claimed` stands at a login that failed: the name was only typed. */
const actor = z.strictObject({
  sub: z.string(),
  kind: z.enum(['anonymous', 'person', 'robot', 'build']),
  method: text,
  issuer: text.optional(),
  /** The id of the client's token, which joins the records of one login. */
  jti: text.optional(),
  /** The groups that the decision used. */
  groups: z.array(z.string()).optional(),
  evidence,
});

/** From where. `ip` is the client by the listed proxies, `socket` the peer of the connection, `forwarded` the chain as received. */
const peer = z.strictObject({
  ip: text,
  socket: text.optional(),
  forwarded: z.array(z.string()).optional(),
  host: text.optional(),
  hostBy: z.enum(['mtls', 'allowlist', 'ptr', 'none']).optional(),
  tls: z.strictObject({ version: text, certSha256: text.optional() }).optional(),
  /** Claimed, at most 512 characters. */
  ua: z.string().optional(),
});

const policy = z.strictObject({
  rules: z.array(z.string()),
  /** Over the effective policy. */
  digest: text.optional(),
  /** The id that the refused person was shown. */
  decision: text.optional(),
});

const backend = z.strictObject({
  /** The registry's HTTP status. */
  status: z.int().min(100).max(599),
  instance: text.optional(),
  ms: count.optional(),
});

/** The place where the token was fetched, and what it was good for at most: `type:name:actions`, the first of them. */
const token = z.strictObject({ ip: text, scopes: z.array(text).optional() });

/** Everything about a push that is known before the registry is asked. */
const push = {
  id,
  /** When the intent was made. */
  began: time,
  subject: manifest,
  tag: tag.optional(),
  actor,
  peer,
  token: token.optional(),
  build: z
    .strictObject({
      issuer: text.optional(),
      project: text.optional(),
      job: z.string().optional(),
      number: count.optional(),
      environment: text.optional(),
      /** What started it: a push, a schedule, a person. */
      event: text.optional(),
      /** SHA-256 of the verified identity token. */
      token: text.optional(),
      node: z.string().optional(),
      url: z.string().optional(),
      evidence,
    })
    .optional(),
  source: z
    .strictObject({
      uri: z.string().optional(),
      commit: z.string().optional(),
      ref: z.string().optional(),
      evidence,
    })
    .optional(),
  base: z
    .array(
      z.strictObject({
        name: z.string().optional(),
        digest: digest.optional(),
        by: z.enum(['layers', 'copull', 'buildkit', 'annotation', 'mount']),
        evidence,
      }),
    )
    .optional(),
  attest: z
    .array(
      z.strictObject({
        digest,
        predicateType: z.string().optional(),
        /** Absent: unsigned, or not checked. */
        signer: text.optional(),
        evidence,
      }),
    )
    .optional(),
  policy,
  /** Links the manifests of one push. */
  push: text.optional(),
  /** Warden wrote these bytes itself, because the actor pushed or deleted what refers to another manifest: the list of those. */
  madeBy: z.literal('warden').optional(),
  /**
   * What the client sent in headers `X-Meta-…`, by the rest of their names in lower case: claimed by whoever wrote the
   * client's settings, and never more, whatever they say.
   */
  meta: z.record(z.string(), z.string()).optional(),
  /** Of the image's configuration: claimed, and cut first where a record grows too large. */
  labels: z.record(z.string(), z.string()).optional(),
  operator: z.strictObject({ name: z.string(), evidence }).optional(),
  grant: text.optional(),
  mounted: z.array(z.strictObject({ digest, from: text.optional() })).optional(),
  /** The claims that were cut or left out to keep the record small. */
  truncated: z.array(text).optional(),
} as const;

/** What recovery saw at the registry, and when. `tag` is the digest found under the tag, absent when there was no tag. */
const recovered = z.strictObject({
  at: time,
  saw: z.enum(['tag', 'digest', 'blob', 'manifest-only', 'absent']),
  tag: digest.optional(),
});

const base = { v: z.literal(1), time, proxy } as const;
/**
 * Of records that stand for several like events, and then hold only what was so for each of them. `network` stands for
 * the addresses where these are many of one IPv6 network.
 */
const grouped = { count: z.int().min(1), since: time, until: time, network: text.optional() } as const;

/** The registry has it: it answered so, or recovery found it there. */
const pushAccepted = z.strictObject({
  ...base,
  type: z.literal('push.accepted'),
  ...push,
  backend: backend.optional(),
  recovered: recovered.optional(),
});

/** An intent that came to nothing: the registry refused, or recovery did not find it. */
const pushAborted = z.strictObject({
  ...base,
  type: z.literal('push.aborted'),
  ...push,
  reason: text,
  backend: backend.optional(),
  recovered: recovered.optional(),
});

/** A write that Warden refused. Without subject, actor and peer it counts those that did not fit into groups of their own. */
const pushRefused = z.strictObject({
  ...base,
  type: z.literal('push.refused'),
  id,
  ...grouped,
  /** What was asked: create, overwrite, push (one of the two), delete, … */
  action: text.optional(),
  /** Our stable name of the error. */
  reason: text,
  subject: z.strictObject({ repo: text, digest: digest.optional() }).optional(),
  tag: z.strictObject({ name: text }).optional(),
  actor: actor.optional(),
  peer: peer.optional(),
  token: token.optional(),
  policy: policy.optional(),
  truncated: z.array(text).optional(),
});

const loginFailed = z.strictObject({
  ...base,
  type: z.literal('login.failed'),
  id,
  ...grouped,
  reason: text,
  actor: actor.optional(),
  peer: peer.optional(),
  truncated: z.array(text).optional(),
});

/** The registry's tag is not what the last record says. `tag.from` is what the log expected, `subject.digest` what was found; each absent for none. */
const tagDrift = z.strictObject({
  ...base,
  type: z.literal('tag.drift'),
  id,
  subject: z.strictObject({ repo: text, digest: digest.optional() }),
  tag,
});

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
  truncated: z.array(text).optional(),
} as const;

const deletionEnd = { backend: backend.optional(), recovered: recovered.optional() } as const;

const tagDeleted = z.strictObject({
  ...base,
  type: z.literal('tag.deleted'),
  ...deletion,
  ...deletionEnd,
  /** Without digest where the tag came between the look and the deletion. */
  subject: z.strictObject({ repo: text, digest: digest.optional() }),
  tag,
});

/** By digest; the registry takes the tags that show it along. */
const manifestDeleted = z.strictObject({
  ...base,
  type: z.literal('manifest.deleted'),
  ...deletion,
  ...deletionEnd,
});

/** Out of one repository; the registry keeps it where another one has it. */
const blobDeleted = z.strictObject({
  ...base,
  type: z.literal('blob.deleted'),
  ...deletion,
  ...deletionEnd,
});

/** A deletion that came to nothing: the registry refused, or recovery found it still there. */
const deleteAborted = z.strictObject({
  ...base,
  type: z.literal('delete.aborted'),
  ...deletion,
  ...deletionEnd,
  reason: text,
});

/** The first record of every log. */
const logOpened = z.strictObject({ ...base, type: z.literal('log.opened'), id });

const policyChanged = z.strictObject({
  ...base,
  type: z.literal('policy.changed'),
  id,
  policy: z.strictObject({ digest: text, from: text.optional(), files: z.array(text).optional() }),
});

/** The schema of a leaf. */
export const recordSchema = z.discriminatedUnion('type', [
  pushAccepted,
  pushRefused,
  pushAborted,
  tagDrift,
  loginFailed,
  tagDeleted,
  manifestDeleted,
  blobDeleted,
  deleteAborted,
  logOpened,
  policyChanged,
]);

/** What `Recorder.intend` keeps: a push.accepted record but for its outcome, so that recovery can write it. */
export const intentSchema = z.strictObject(push);

/** The same for a deletion. */
export const deletionIntentSchema = z.strictObject(deletion);

const accepted = z.strictObject({
  type: z.literal('push.accepted'),
  backend: backend.optional(),
  recovered: recovered.optional(),
});
const aborted = z.strictObject({
  type: z.literal('push.aborted'),
  reason: text,
  backend: backend.optional(),
  recovered: recovered.optional(),
});
const deleted = z.strictObject({
  type: z.enum(['tag.deleted', 'manifest.deleted', 'blob.deleted']),
  ...deletionEnd,
});
const notDeleted = z.strictObject({ type: z.literal('delete.aborted'), reason: text, ...deletionEnd });

/** What `Recorder.conclude` adds. */
export const outcomeSchema = z.discriminatedUnion('type', [accepted, aborted, deleted, notDeleted]);

/** A record is never changed once it is made. */
type Frozen<T> = T extends object ? { readonly [K in keyof T]: Frozen<T[K]> } : T;

export type Evidence = (typeof EVIDENCE)[number];
export type PushRecord = Frozen<z.infer<typeof recordSchema>>;
export type RecordType = PushRecord['type'];
export type PushIntent = Frozen<z.infer<typeof intentSchema>>;
export type PushOutcome = Frozen<z.infer<typeof accepted> | z.infer<typeof aborted>>;
export type DeletionIntent = Frozen<z.infer<typeof deletionIntentSchema>>;
export type DeletionOutcome = Frozen<z.infer<typeof deleted> | z.infer<typeof notDeleted>>;
export type Intent = PushIntent | DeletionIntent;
export type IntentOutcome = PushOutcome | DeletionOutcome;
export type Actor = Frozen<z.infer<typeof actor>>;
export type Peer = Frozen<z.infer<typeof peer>>;

export const RECORD_TYPES = recordSchema.options.map(
  (option) => option.shape.type.value,
) as readonly RecordType[];

/** Leaves out what the recorder adds by itself. Distributes over the union. */
type Draft<T> = T extends unknown ? Omit<T, 'v' | 'time' | 'proxy' | 'id' | 'truncated'> : never;
/** What `Recorder.append` takes: the recorder adds version, id, time and proxy; the log adds `tag.prev`. */
export type RecordDraft = Draft<
  Exclude<PushRecord, { type: 'push.accepted' | 'push.aborted' | 'delete.aborted' }>
>;

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
