/** What the filters of a list mean, said again in the plainest way: by looking at the record alone. */

import type { RecordFilters } from '../../../src/index/questions/filters.ts';
import { parseAddress, parseRange } from '../../../src/policy/address.ts';
import { ANONYMOUS } from '../../../src/policy/facts.ts';
import {
  matchesRepository,
  matchesTag,
  parseRepositoryGlob,
  parseTagGlob,
} from '../../../src/policy/glob.ts';
import { addressKey, addressKeyRange } from '../../../src/store/address-key.ts';

/** The parts of a record that filters ask for. */
export interface Plain {
  readonly id: string;
  readonly type: string;
  readonly time: string;
  readonly count?: number | undefined;
  readonly reason?: string | undefined;
  readonly subject?:
    | {
        readonly repo?: string | undefined;
        readonly digest?: string | undefined;
        readonly config?: string | undefined;
        readonly children?: readonly { readonly digest: string }[] | undefined;
        readonly layerDigests?: readonly string[] | undefined;
      }
    | undefined;
  readonly tag?: { readonly name: string; readonly from?: string | undefined } | undefined;
  readonly actor?: { readonly sub: string; readonly kind: string } | undefined;
  readonly peer?: { readonly ip: string; readonly host?: string | undefined } | undefined;
  readonly source?: { readonly commit?: string | undefined } | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  readonly policy?:
    | { readonly digest?: string | undefined; readonly rules?: readonly string[] | undefined }
    | undefined;
}

export function fits(record: Plain, filters: RecordFilters, only?: readonly string[]): boolean {
  const { subject, tag, actor, peer, source, labels, policy } = record;
  const time = Date.parse(record.time);
  const digests = [
    subject?.digest,
    subject?.config,
    ...(subject?.children ?? []).map(({ digest }) => digest),
  ];
  const names = labels && Object.keys(labels);
  const tests: Readonly<Record<keyof RecordFilters, () => boolean>> = {
    repository: () => subject?.repo !== undefined && fitsRepository(subject.repo, filters.repository ?? ''),
    tag: () => tag !== undefined && fitsTag(tag.name, filters.tag ?? ''),
    user: () => actor?.sub === filters.user,
    host: () => peer?.host === filters.host,
    network: () => peer !== undefined && isWithin(peer.ip, filters.network ?? ''),
    digest: () => digests.some((digest) => digest?.startsWith(filters.digest ?? '')),
    layer: () => subject?.layerDigests?.includes(filters.layer ?? '') ?? false,
    commit: () => source?.commit?.startsWith(filters.commit ?? '') ?? false,
    since: () => time >= (filters.since ?? 0),
    until: () => time < (filters.until ?? 0),
    types: () => filters.types?.includes(record.type) ?? false,
    rule: () => policy?.rules?.includes(filters.rule ?? '') ?? false,
    without: () => filters.without?.every((fact) => !(fact in record)) ?? false,
    label: () => names?.includes(filters.label ?? '') ?? false,
    withoutLabel: () => !names?.includes(filters.withoutLabel ?? ''),
    moved: () => tag?.from !== undefined && tag.from !== subject?.digest,
    actorKind: () => actor?.kind === filters.actorKind,
    reason: () => record.reason === filters.reason,
    ...{ refers: untold, bases: untold, directly: untold, job: untold, build: untold, unsignedMs: untold },
  };
  if (only !== undefined && !only.includes(subject?.repo ?? '')) return false;
  return (Object.keys(filters) as (keyof RecordFilters)[]).every((name) => tests[name]());
}

function untold(): never {
  throw new Error('this filter is tested elsewhere');
}

function fitsRepository(name: string, pattern: string): boolean {
  const parsed = parseRepositoryGlob(pattern);
  if (!parsed.ok) throw new Error(parsed.reason);
  return matchesRepository(parsed.glob, name.split('/'), ANONYMOUS);
}

function fitsTag(name: string, pattern: string): boolean {
  const parsed = parseTagGlob(pattern);
  if (!parsed.ok) throw new Error(parsed.reason);
  return matchesTag(parsed.glob, name);
}

function isWithin(ip: string, network: string): boolean {
  const [address, parsed] = [parseAddress(ip), parseRange(network)];
  if (address === undefined || !parsed.ok) throw new Error(`${ip} or ${network} is malformed`);
  const { low, high } = addressKeyRange(parsed.range);
  const key = Buffer.from(addressKey(address));
  return Buffer.compare(key, low) >= 0 && Buffer.compare(key, high) <= 0;
}
