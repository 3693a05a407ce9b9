/** The records of a push: what the intent holds before the registry is asked, and how it ended. */
import { z } from 'zod';
import { ATTESTATION_FORMS } from '../protocol/attestations.ts';
import {
  actor,
  count,
  digest,
  ending,
  everyRecord,
  evidence,
  type Frozen,
  grouped,
  id,
  peer,
  policy,
  tag,
  text,
  time,
  token,
  truncated,
} from './facts.ts';

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
  /** The layers themselves, lowest first. Those of an artifact with very many are left out, and `truncated` says so. */
  layerDigests: z.array(digest).optional(),
  /** Of an index. `platform` is os/architecture[/variant]. */
  children: z.array(z.strictObject({ digest, platform: text.optional() })).optional(),
  /** The manifest that this one refers to, as a signature does. */
  of: digest.optional(),
});

/** The build behind a push, what it was built from, and who started it: as the login has it, also where it is refused. */
export const behind = {
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
      /** Of the job's page: claimed with a grant. */
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
  operator: z.strictObject({ name: z.string(), evidence }).optional(),
} as const;

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
  ...behind,
  /**
   * Images that this one is built on, each as somebody or something says. By layers: an image on record whose layers are
   * the lowest ones of this; observed where the very bytes are the same, claimed where only its configuration says so.
   */
  base: z
    .array(
      z.strictObject({
        /** `repository:tag`, or as the claim names it. */
        name: z.string().optional(),
        digest: digest.optional(),
        /** The image that was built on it, where this record is not about that image but vouches for it. */
        of: digest.optional(),
        by: z.enum(['layers', 'buildkit', 'annotation', 'label', 'mount']),
        evidence,
      }),
    )
    .optional(),
  /** What this manifest is or lists as vouching for an image. Of an image that is vouched for later, nothing. */
  attest: z
    .array(
      z.strictObject({
        /** Of the blob that vouches, or, where an index lists it, of its manifest. */
        digest,
        form: z.enum(ATTESTATION_FORMS),
        /** The manifest that it is said to be about. */
        of: digest.optional(),
        predicateType: z.string().optional(),
        /** Absent: unsigned, or not checked. */
        signer: text.optional(),
        evidence,
      }),
    )
    .optional(),
  /** What an image's configuration says of it: claimed. By `diffIds`, lowest first, one image is found to be built on another. */
  image: z
    .strictObject({
      platform: z.string().optional(),
      created: z.string().optional(),
      diffIds: z.array(digest).optional(),
    })
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
  grant: text.optional(),
  mounted: z.array(z.strictObject({ digest, from: text.optional() })).optional(),
  truncated,
} as const;

/** The registry has it: it answered so, or recovery found it there. */
export const pushAccepted = z.strictObject({
  ...everyRecord,
  type: z.literal('push.accepted'),
  ...push,
  ...ending,
});

/** An intent that came to nothing: the registry refused, or recovery did not find it. */
export const pushAborted = z.strictObject({
  ...everyRecord,
  type: z.literal('push.aborted'),
  ...push,
  reason: text,
  ...ending,
});

/** A write that Warden refused. Without subject, actor and peer it counts those that did not fit into groups of their own. */
export const pushRefused = z.strictObject({
  ...everyRecord,
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
  ...behind,
  /** The push grant that was used. */
  grant: text.optional(),
  policy: policy.optional(),
  truncated,
});

/** What `Recorder.intend` keeps: a push.accepted record but for its outcome, so that recovery can write it. */
export const pushIntent = z.strictObject(push);

export const acceptedOutcome = z.strictObject({ type: z.literal('push.accepted'), ...ending });
export const abortedOutcome = z.strictObject({ type: z.literal('push.aborted'), reason: text, ...ending });

export type PushIntent = Frozen<z.infer<typeof pushIntent>>;
export type PushOutcome = Frozen<z.infer<typeof acceptedOutcome> | z.infer<typeof abortedOutcome>>;
