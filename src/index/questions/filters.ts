/** Which records: the question of every list. */
import type { ActorKind, Fact } from '../common/kinds.ts';

/** All that are given must hold. */
export interface RecordFilters {
  /** As in the policy, without variables. */
  readonly repository?: string;
  /** With `*` for any text. */
  readonly tag?: string;
  /** '' is the anonymous one. */
  readonly user?: string;
  readonly host?: string;
  /** An address, or a network in CIDR notation. */
  readonly network?: string;
  /** With its algorithm; a part of its hex is enough. Of a manifest, a child of an index, or a configuration. */
  readonly digest?: string;
  /** The same, of a layer. */
  readonly layer?: string;
  /** The same, of the manifest that the record's one refers to, as a signature does. */
  readonly refers?: string;
  /** Built on one of these images, through others or, where `directly` is set, directly. Whole digests. */
  readonly bases?: readonly string[];
  readonly directly?: boolean;
  readonly job?: string;
  readonly build?: number;
  /** Its first hex digits are enough. */
  readonly commit?: string;
  /** Milliseconds since 1970: from `since` on, before `until`. */
  readonly since?: number;
  readonly until?: number;
  readonly types?: readonly string[];
  readonly rule?: string;
  /** With a label of this name; and without one of that name. Some records without, or with it, may be among them. */
  readonly label?: string;
  readonly withoutLabel?: string;
  /** Pushes that moved their tag from another manifest. */
  readonly moved?: boolean;
  readonly actorKind?: ActorKind;
  readonly reason?: string;
  /** Records that lack each of these. */
  readonly without?: readonly Fact[];
  /** To which nothing was pushed that refers to it, a signature or an attestation, within so many milliseconds. */
  readonly unsignedMs?: number;
}

export interface RecordQuestion {
  readonly filters: RecordFilters;
  readonly limit: number;
  /** Records before this index only. */
  readonly before?: number;
  /** Records of these repositories are left out: the caller has seen that the asker may not read them. */
  readonly hidden?: readonly string[];
  /** Records of these repositories and no others. */
  readonly only?: readonly string[];
}

export interface RecordRow {
  readonly index: number;
  /** Milliseconds since 1970. */
  readonly time: number;
  /** '' for what concerns no repository. */
  readonly repository: string;
}

export interface RecordRows {
  /** Newest first. */
  readonly rows: readonly RecordRow[];
  /** All records from this index on were looked at. Where there may be more below it; undefined at the end. */
  readonly reached: number | undefined;
}
