/** Which host of the policy a request comes from: by its address, by its certificate, or by both. */
import { canonicalAddress } from './address.ts';
import { UNKNOWN, type Unknown } from './facts.ts';
import type { Content } from './merge.ts';
import { type Problem, pathText } from './problem.ts';
import type { HostContent } from './schema.ts';
import type { Stated } from './stated.ts';

export interface FoundHost {
  readonly name: string;
  /** Whether its certificate was asked for, and shown. */
  readonly certified: boolean;
}

/** @param address canonical. */
export type HostOf = (address: string, certificates: readonly string[] | Unknown) => FoundHost | undefined;

/** An address, or a certificate alone, of two hosts would make the record ambiguous: those are problems. */
export function createHostOf({ hosts }: Pick<Content, 'hosts'>, problems: Problem[]): HostOf {
  const byAddress = new Map<string, string>();
  const byCertificate = new Map<string, string>();
  const certificateOf = new Map<string, string>();
  for (const [name, stated] of hosts) {
    const { addresses, certificate } = stated.value;
    for (const [index, text] of (addresses ?? []).entries()) {
      own(byAddress, canonicalAddress(text) ?? text, name, stated, ['addresses', index], problems);
    }
    if (certificate === undefined) continue;
    certificateOf.set(name, certificate);
    if (addresses === undefined) own(byCertificate, certificate, name, stated, ['certificate'], problems);
  }
  return (address, certificates) => {
    const shown = certificates === UNKNOWN ? [] : certificates;
    const name = byAddress.get(address);
    const wanted = name === undefined ? undefined : certificateOf.get(name);
    if (name !== undefined && (wanted === undefined || shown.includes(wanted)))
      return { name, certified: wanted !== undefined };
    for (const one of shown) {
      const certified = byCertificate.get(one);
      if (certified !== undefined) return { name: certified, certified: true };
    }
    return undefined;
  };
}

function own(
  owners: Map<string, string>,
  what: string,
  name: string,
  stated: Stated<HostContent>,
  inside: readonly (string | number)[],
  problems: Problem[],
): void {
  const owner = owners.get(what);
  if (owner !== undefined) {
    const whose = owner === name ? 'stands twice' : `belongs to the host ${owner} already`;
    problems.push(stated.problem(inside, `${pathText(stated.path)}: ${what} ${whose}`));
  }
  owners.set(what, name);
}
