/** What the index keeps of a record. All of it comes from the leaf, so that it can be made anew from the log alone. */
import { type Address, parseAddress, parseRange } from '../../policy/address.ts';
import { chainIds } from '../../provenance/chain-id.ts';
import { movedTag } from '../../provenance/log-entry.ts';
import type { PushRecord } from '../../provenance/record.ts';
import { addressKey } from '../../store/address-key.ts';
import { commitKey } from '../common/commit-key.ts';
import { digestKey } from '../common/digest-key.ts';
import { idKey } from '../common/id-key.ts';
import { ACTED, type ActorKind, HAS, ROLES } from '../common/kinds.ts';
import { labelSet } from '../common/label-set.ts';

export interface IndexColumns {
  readonly type: string;
  /** The bytes of its id; undefined for one that is no UUID. */
  readonly id: Uint8Array | undefined;
  /** Milliseconds since 1970. */
  readonly time: number;
  /** How many events the record stands for. */
  readonly events: number;
  readonly repo: string | undefined;
  readonly tag: string | undefined;
  readonly actor: string | undefined;
  readonly host: string | undefined;
  readonly address: string | undefined;
  readonly addressKey: Uint8Array | undefined;
  readonly job: string | undefined;
  readonly build: number | undefined;
  /** See {@link commitKey}. */
  readonly commit: Uint8Array | undefined;
  /** See {@link labelSet}. */
  readonly labels: string | undefined;
  readonly reason: string | undefined;
  /** The record says where the tag now points. */
  readonly movesTag: boolean;
  /** Of the manifest that the record is about. */
  readonly digest: Uint8Array | undefined;
  /** Bits of HAS and ACTED. */
  readonly has: number;
  readonly digests: readonly { readonly key: Uint8Array; readonly role: number }[];
  readonly rules: readonly string[];
  /**
   * What it was built on directly, or what the image `of` was, which this record's manifest vouches for; `claimed`:
   * nothing but somebody's word says so.
   */
  readonly bases: readonly {
    readonly digest: string;
    readonly of: string | undefined;
    readonly claimed: boolean;
  }[];
}

/** The parts of any type of record; a leaf of a type that this release does not know is still indexed by them. */
interface Parts {
  readonly subject?: {
    readonly repo?: string;
    readonly digest?: string;
    readonly config?: string;
    readonly children?: readonly { readonly digest: string }[];
    readonly of?: string;
    readonly layerDigests?: readonly string[];
  };
  readonly tag?: { readonly name: string; readonly from?: string };
  readonly actor?: { readonly sub: string; readonly kind: ActorKind };
  readonly peer?: { readonly ip: string; readonly host?: string };
  readonly network?: string;
  readonly build?: { readonly project?: string; readonly job?: string; readonly number?: number };
  readonly source?: { readonly commit?: string };
  readonly policy?: { readonly rules?: readonly string[] };
  readonly reason?: string;
  readonly count?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly image?: { readonly diffIds?: readonly string[] };
  readonly base?: readonly { readonly digest?: string; readonly of?: string; readonly evidence: string }[];
}

export function columnsOf(record: PushRecord): IndexColumns {
  const parts = record as Parts;
  const { subject, tag, actor, peer, network, build, source, policy, reason, count, base, image } = parts;
  const address = peer ? parseAddress(peer.ip) : firstOf(network);
  const of = subject?.of ?? referredBy(tag?.name);
  return {
    type: record.type,
    id: idKey(record.id),
    time: Date.parse(record.time),
    events: count ?? 1,
    repo: subject?.repo,
    tag: tag?.name,
    actor: actor?.sub,
    host: peer?.host,
    address: peer?.ip ?? network,
    addressKey: address && addressKey(address),
    job: build?.job ?? build?.project,
    build: build?.number,
    commit: commitKey(source?.commit ?? '')?.key,
    labels: parts.labels && labelSet(parts.labels),
    reason,
    movesTag: tag !== undefined && movedTag(record) !== undefined,
    digest: subject?.digest === undefined ? undefined : digestKey(subject.digest),
    has: factsOf(parts, of),
    digests: keysOf([
      [subject?.digest, ROLES.manifest],
      [subject?.config, ROLES.config],
      ...(subject?.children ?? []).map(({ digest }) => [digest, ROLES.child] as const),
      [of, ROLES.of],
      ...(subject?.layerDigests ?? []).map((digest) => [digest, ROLES.layer] as const),
      [chainIds(image?.diffIds ?? []).at(-1), ROLES.chain],
    ]),
    rules: [...new Set(policy?.rules ?? [])],
    bases: basesOf(base ?? []),
  };
}

/** Facts whose bit says that the record has a part of this name. */
const NAMED = Object.entries(HAS).filter(
  ([fact]) => fact !== 'refers' && fact !== 'moved' && fact !== 'oddCommit',
);

function factsOf(parts: Parts, of: string | undefined): number {
  const present = parts as Readonly<Record<string, unknown>>;
  const { tag, subject, source, actor } = parts;
  let has = of === undefined ? 0 : HAS.refers;
  if (tag?.from !== undefined && tag.from !== subject?.digest) has |= HAS.moved;
  if (commitKey(source?.commit ?? '')?.odd) has |= HAS.oddCommit;
  if (actor) has |= ACTED[actor.kind] ?? 0;
  for (const [fact, bit] of NAMED) if (present[fact] !== undefined) has |= bit;
  return has;
}

function keysOf(
  named: readonly (readonly [string | undefined, number])[],
): { readonly key: Uint8Array; readonly role: number }[] {
  const keys: { readonly key: Uint8Array; readonly role: number }[] = [];
  for (const [at, [digest, role]] of named.entries()) {
    const key = digest === undefined ? undefined : digestKey(digest);
    if (key === undefined) continue;
    // Few enough to be compared one by one: a layer can be in an image twice.
    const before = named.findIndex((other) => other[0] === digest && other[1] === role);
    if (before === at) keys.push({ key, role });
  }
  return keys;
}

/** One entry a base: what Warden saw itself counts more than what the image says. */
function basesOf(base: NonNullable<Parts['base']>): IndexColumns['bases'] {
  const found = new Map<string, IndexColumns['bases'][number]>();
  for (const { digest, of, evidence } of base) {
    if (digest === undefined) continue;
    const key = `${digest} ${of}`;
    const claimed = (found.get(key)?.claimed ?? true) && evidence === 'claimed';
    found.set(key, { digest, of, claimed });
  }
  return [...found.values()];
}

/** Before there was `subject`, signatures were tied to an image by their tag: sha256-….sig, .att, .sbom. */
function referredBy(tag: string | undefined): string | undefined {
  const [, hex] = /^sha256-([0-9a-f]{64})\.[a-z]+$/.exec(tag ?? '') ?? [];
  return hex === undefined ? undefined : `sha256:${hex}`;
}

/** Where a record stands for many addresses of one network it is found by their network, through the first of them. */
function firstOf(network: string | undefined): Address | undefined {
  const parsed = network === undefined ? undefined : parseRange(network);
  return parsed?.ok ? parsed.range : undefined;
}
