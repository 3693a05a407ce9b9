/** What the gate needs of the world: functions, so that a test passes a literal and a room can be replaced. */
import type { GrantJob, Pushed } from '../identity/grants/grant.ts';
import type { Inventory } from '../inventory/inventory.ts';
import type { Decision, Question, Subject, Via } from '../policy/facts.ts';
import type { RecordHealth } from '../provenance/health.ts';
import type { ImagesOfChain } from '../provenance/known-image.ts';
import type { Recorder } from '../provenance/recorder.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Registry } from '../upstream/registry.ts';
import type { AskedTags } from './asked-tags.ts';
import type { BodyBudget } from './body-budget.ts';
import type { ManifestCheck } from './manifest-check.ts';
import type { Offload } from './offload-place.ts';
import type { UploadSeals } from './upload-seal.ts';

/** A client's token whose signature, audience and times hold. An upper bound: each request is decided again. */
export interface VerifiedToken {
  readonly subject: Subject;
  readonly jti: string;
  /** The session, robot or grant that it came from. */
  readonly via: Via;
  /** Where it was fetched. */
  readonly address: string;
  /** Seconds since 1970. */
  readonly expiresAt: number;
  readonly access: readonly {
    readonly type: string;
    readonly name: string;
    readonly actions: readonly string[];
  }[];
}

/** What was asked and what policy said; kept for the record. */
export interface Judgement {
  readonly question: Question;
  readonly decision: Decision;
}

/** What the gate asks of the grants. */
export interface PushGrants {
  /**
   * Whether this may still be pushed, by the grant as it is stored and by who asked for it: a token of it lives on for
   * minutes, also with other instances.
   *
   * @returns what the builder said of the job, or one sentence why not.
   * @throws {WardenError} GRANTS_UNAVAILABLE, DIRECTORY_UNAVAILABLE
   */
  admit(
    id: string,
    push: Omit<Pushed, 'tag'> & { readonly tag: string | undefined },
  ): Promise<GrantJob | string>;
  /** Notes a tag that was accepted. Never rejects. */
  pushed(id: string, push: Pushed): Promise<void>;
}

export interface GateDeps {
  /** The configured address that the challenge names, chosen by the client's Host among the configured ones. */
  readonly realm: (host: string | undefined) => { readonly realm: string; readonly service: string };
  /** Never throws; undefined for anything but a valid token of ours for this service. */
  readonly verify: (token: string) => VerifiedToken | 'revoked' | undefined;
  /** Why it cannot be told which tokens are revoked, so that nothing may be written; undefined while it can. */
  readonly revocationsStale: () => string | undefined;
  readonly decide: (question: Question) => Decision;
  /** The digest of the policy in force, for the record. */
  readonly policyDigest: () => string;
  /** The sentence that the refused person reads; the decision is kept under the id that it names. */
  readonly tellRefusal: (refused: Judgement & { readonly id: string }) => string;
  readonly grants: PushGrants;
  readonly seals: UploadSeals;
  readonly manifests: ManifestCheck;
  readonly askedTags: AskedTags;
  readonly bodies: BodyBudget;
  readonly registry: Registry;
  /** Undefined: all bodies go through Warden. */
  readonly offload: Offload | undefined;
  readonly recorder: Recorder;
  /** Whether pushes can be taken: the record can be written, and the policy in force is kept. */
  readonly writable: () => RecordHealth;
  /** The images on record of the longest of these chain ids that any has; see record-index. */
  readonly imagesOfChain: ImagesOfChain;
  readonly inventory: Inventory;
  readonly metrics: Metrics;
  readonly settings: {
    /** Whether anything may be deleted at all; a switch of Warden's own, since registries before 3.1 ignore theirs for tags. */
    readonly deletes: boolean;
    readonly redirectHosts: readonly string[];
    readonly responseTimeoutMs: number;
    /** How long the registry may take to commit an upload: it hashes, and on some storage copies, the whole blob. */
    readonly commitTimeoutMs: number;
    /** In which at least 64 KiB of a transfer must have moved. Slow links are served, dead ones are not kept. */
    readonly idleTimeoutMs: number;
    /** For the whole of a manifest. */
    readonly bodyTimeoutMs: number;
    readonly settleMs: number;
  };
  /** Milliseconds since 1970. */
  readonly now: () => number;
}
