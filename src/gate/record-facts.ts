/** The parts of a record that every kind of it shares, from what the gate knows of a request. */
import type { Decision, Subject } from '../policy/facts.ts';
import type { Actor, Peer } from '../provenance/record.ts';
import type { GateDeps, Judgement, VerifiedToken } from './deps.ts';
import type { ClientCertificate, Exchange } from './exchange.ts';

const AGENT_LENGTH = 512;

/** @param who without `jti` where no token of ours was shown. */
export function actorOf({ subject, jti }: { readonly subject: Subject; readonly jti?: string }): Actor {
  return {
    sub: subject.name,
    kind: subject.kind,
    method: subject.method,
    ...(subject.build?.issuer !== undefined && { issuer: subject.build.issuer }),
    ...(jti !== undefined && { jti }),
    ...(subject.groups.length > 0 && { groups: [...subject.groups] }),
    // Of the anonymous one nothing was proven but that nobody logged in.
    evidence: subject.kind === 'anonymous' ? 'observed' : 'verified',
  };
}

/** A token can list more than a record should hold. */
const SCOPES_KEPT = 20;

export function tokenOf({ address, access }: VerifiedToken): { ip: string; scopes?: string[] } {
  const scopes = access
    .slice(0, SCOPES_KEPT)
    .map(({ type, name, actions }) => `${type}:${name}:${actions.join(',')}`);
  return { ip: address, ...(scopes.length > 0 && { scopes }) };
}

export function peerOf(
  { client, request }: Exchange,
  { host, hostCertified }: Pick<Decision, 'host' | 'hostCertified'>,
): Peer {
  const agent = printable(request.headers['user-agent']);
  const { certificate } = client;
  return {
    ip: client.address,
    ...(client.peer !== client.address && { socket: client.peer }),
    ...(client.forwarded.length > 0 && { forwarded: [...client.forwarded] }),
    ...hostOf(host, hostCertified, certificate),
    ...(certificate && { tls: tlsOf(certificate) }),
    ...(agent && { ua: agent }),
  };
}

/** The policy's own name of it; of a machine that the policy does not name, the one that its certificate proves. */
function hostOf(
  host: string | undefined,
  certified: true | undefined,
  certificate: ClientCertificate | undefined,
): Pick<Peer, 'host' | 'hostBy'> {
  if (host !== undefined) return { host, hostBy: certified ? 'mtls' : 'allowlist' };
  const [name] = certificate?.names ?? [];
  return name === undefined ? {} : { host: name, hostBy: 'mtls' };
}

function tlsOf({ names, sha256, tlsVersion }: ClientCertificate): NonNullable<Peer['tls']> {
  return { ...(tlsVersion !== undefined && { version: tlsVersion }), certSha256: sha256, names: [...names] };
}

export function policyOf(
  { decision }: Judgement,
  digest: string,
  decisionId: string,
): { rules: string[]; digest: string; decision: string } {
  return { rules: rulesOf(decision), digest, decision: decisionId };
}

/** What the registry answered. @param took milliseconds until the answer was whole. */
export function backendOf(
  { registry }: Pick<GateDeps, 'registry'>,
  { status }: { readonly status: number },
  took: number,
): { status: number; instance: string; ms: number } {
  return { status, instance: registry.url.host, ms: Math.round(took) };
}

function printable(text: string | undefined): string | undefined {
  return text?.slice(0, AGENT_LENGTH).replace(/[^\x20-\x7e]/g, '?');
}

/** Where nothing allowed it, the rule that came nearest is the one whose sentence the person read. */
export function rulesOf({ rules, nearest }: Decision): string[] {
  if (rules.length > 0) return [...rules];
  return nearest === undefined ? [] : [nearest];
}
