/**
 * What Warden may say of an accepted push, as in-toto statements, and no more than it observed or verified itself.
 *
 * The release attestation says that this registry had these bytes under this name. The verification summary says that
 * the policy was asked before they were taken, and what it let in; its levels are Warden's own, since of how an image was
 * built Warden has seen nothing that a level of SLSA would ask for. The push record is the record itself.
 *
 * @see https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md
 * @see https://github.com/in-toto/attestation/blob/main/spec/predicates/release.md
 * @see https://slsa.dev/spec/v1.1/verification_summary
 */
import type { PushRecord } from '../provenance/record.ts';
import { LOG_PROOF, type LogProof } from './log-proof.ts';

export type AcceptedPush = Extract<PushRecord, { readonly type: 'push.accepted' }>;

export const STATEMENTS = ['release', 'summary', 'push-record'] as const;
export type StatementKind = (typeof STATEMENTS)[number];

export const PREDICATE_TYPES: Readonly<Record<StatementKind, string>> = {
  release: 'https://in-toto.io/attestation/release/v0.1',
  summary: 'https://slsa.dev/verification_summary/v1',
  // A name, not an address: this project has no place of its own on the web.
  'push-record': 'urn:registry-warden:push-record:v1',
};

export interface Statement {
  readonly _type: 'https://in-toto.io/Statement/v1';
  readonly subject: readonly { readonly name: string; readonly digest: { readonly sha256: string } }[];
  readonly predicateType: string;
  readonly predicate: Readonly<Record<string, unknown>>;
}

/** An accepted push as it lies in the log. */
export interface PushOnRecord {
  readonly index: number;
  readonly record: AcceptedPush;
  /** The bytes of the leaf. */
  readonly leaf: Uint8Array;
}

export interface ProvedPush extends PushOnRecord {
  /** Absent where no tree is signed, or this record is not in it yet. */
  readonly proof?: LogProof;
}

export interface StatementContext {
  /** `host` or `host:port`, as image references have it. */
  readonly registry: string;
  /** The registry's address for clients, which names the verifier. */
  readonly publicUrl: string;
  /** Begins the names of levels: capitals, digits and `_`, never `SLSA_`. */
  readonly levelPrefix: string;
}

/** @returns undefined where nothing can be said: the digest is not of SHA-256, which all of these formats are made for. */
export function statementOf(
  kind: StatementKind,
  push: ProvedPush,
  context: StatementContext,
): Statement | undefined {
  const { repo, digest } = push.record.subject;
  const sha256 = hexOf(digest);
  if (sha256 === undefined) return undefined;
  return {
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ name: `${context.registry}/${repo}`, digest: { sha256 } }],
    predicateType: PREDICATE_TYPES[kind],
    predicate: PREDICATES[kind](push, context),
  };
}

const PREDICATES: Readonly<
  Record<StatementKind, (push: ProvedPush, context: StatementContext) => Record<string, unknown>>
> = {
  release: ({ record, proof }, { registry }) => ({
    purl: packageUrl(registry, record),
    ...(proof && { [LOG_PROOF]: proof }),
  }),
  summary: ({ record }, { registry, publicUrl, levelPrefix }) => {
    const { repo, digest } = record.subject;
    const policy = record.policy.digest === undefined ? undefined : hexOf(record.policy.digest);
    return {
      verifier: { id: publicUrl, version: { 'registry-warden': record.proxy.version } },
      // When the policy was asked: before the registry was.
      timeVerified: record.began,
      resourceUri: `oci://${registry}/${repo}${record.tag ? `:${record.tag.name}` : `@${digest}`}`,
      policy: {
        uri: `${publicUrl}/api/v1/policy`,
        ...(policy !== undefined && { digest: { sha256: policy } }),
      },
      verificationResult: 'PASSED',
      verifiedLevels: levelsOf(record).map((level) => `${levelPrefix}_${level}`),
    };
  },
  'push-record': ({ index, leaf, record, proof }) => ({
    index,
    record,
    /** What is hashed is these bytes. */
    leaf: Buffer.from(leaf).toString('base64'),
    ...(proof && { [LOG_PROOF]: proof }),
  }),
};

/** What was checked at this push, each by what the record says was verified or observed. */
function levelsOf({ actor, peer }: AcceptedPush): readonly string[] {
  const verified = actor.evidence === 'verified';
  return [
    'PUSH_ALLOWED_BY_POLICY',
    ...(verified ? ['PUSHER_AUTHENTICATED'] : []),
    // Not of a build's push grant: there its id token was seen when it asked, and whoever has the password pushed.
    ...(verified && actor.kind === 'build' && actor.method === 'oidc' ? ['BUILD_AUTHENTICATED'] : []),
    ...(peer.hostBy === 'allowlist' ? ['HOST_ADDRESS_LISTED'] : []),
    ...(peer.hostBy === 'mtls' ? ['HOST_AUTHENTICATED'] : []),
  ];
}

/** What of an accepted push its name is made of. */
export interface NamedPush {
  readonly subject: { readonly repo: string; readonly digest: string };
  readonly tag?: { readonly name: string } | undefined;
}

/** @see https://github.com/package-url/purl-spec/blob/main/types-doc/oci-definition.md */
export function packageUrl(registry: string, { subject, tag }: NamedPush): string {
  const name = subject.repo.split('/').at(-1) ?? subject.repo;
  const qualifiers = [
    `repository_url=${escaped(`${registry}/${subject.repo}`)}`,
    ...(tag ? [`tag=${escaped(tag.name)}`] : []),
  ];
  return `pkg:oci/${escaped(name)}@${encodeURIComponent(subject.digest)}?${qualifiers.join('&')}`;
}

/** A slash and a colon stand for themselves in the value of a qualifier. */
function escaped(text: string): string {
  return encodeURIComponent(text).replaceAll('%2F', '/').replaceAll('%3A', ':');
}

function hexOf(digest: string): string | undefined {
  return /^sha256:([0-9a-f]{64})$/.exec(digest)?.[1];
}
