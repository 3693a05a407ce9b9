/** What the index keeps of a record, so that it is found. All of it comes from the leaf. */
import { type Address, parseAddress, parseRange } from '../policy/address.ts';
import { addressKey } from '../store/address-key.ts';
import { chainIds } from './chain-id.ts';
import type { PushRecord } from './record.ts';

export interface IndexColumns {
  readonly type: string;
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly repo: string | null;
  readonly tag: string | null;
  readonly actor: string | null;
  readonly host: string | null;
  readonly address: string | null;
  readonly addressKey: Uint8Array | null;
  readonly commit: string | null;
  /** Of the manifest, of its children, and of its configuration (which docker calls the image's id). */
  readonly digests: readonly string[];
  readonly rules: readonly string[];
  /** Of an accepted image: the chain id of its uppermost layer, which names all its layers together. */
  readonly chain: string | null;
}

/** The parts of any type of record; a leaf of a type that this release does not know is still indexed by them. */
interface Parts {
  readonly subject?: {
    readonly repo?: string;
    readonly digest?: string;
    readonly config?: string;
    readonly children?: readonly { readonly digest: string }[];
  };
  readonly tag?: { readonly name: string };
  readonly actor?: { readonly sub: string };
  readonly peer?: { readonly ip: string; readonly host?: string };
  readonly network?: string;
  readonly source?: { readonly commit?: string };
  readonly policy?: { readonly rules?: readonly string[] };
  readonly image?: { readonly diffIds?: readonly string[] };
}

export function columnsOf(record: PushRecord): IndexColumns {
  const { subject, tag, actor, peer, network, source, policy, image } = record as Parts;
  const address = peer ? parseAddress(peer.ip) : firstOf(network);
  const digests = [
    subject?.digest,
    subject?.config,
    ...(subject?.children ?? []).map((child) => child.digest),
  ];
  return {
    type: record.type,
    time: Date.parse(record.time),
    repo: subject?.repo ?? null,
    tag: tag?.name ?? null,
    actor: actor?.sub ?? null,
    host: peer?.host ?? null,
    address: peer?.ip ?? network ?? null,
    addressKey: address ? addressKey(address) : null,
    commit: source?.commit ?? null,
    digests: [...new Set(digests.filter((digest) => digest !== undefined))],
    rules: [...new Set(policy?.rules ?? [])],
    chain: record.type === 'push.accepted' ? (chainIds(image?.diffIds ?? []).at(-1) ?? null) : null,
  };
}

/** Where a record stands for many addresses of one network it is found by their network, through the first of them. */
function firstOf(network: string | undefined): Address | undefined {
  const parsed = network === undefined ? undefined : parseRange(network);
  return parsed?.ok ? parsed.range : undefined;
}
