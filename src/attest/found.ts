/**
 * Which attestations and signatures lie beside an image, whoever put them there. Warden checks one signature, its own; of
 * all others it says that it did not, and what they claim.
 */
import { type KeyObject, verify, X509Certificate } from 'node:crypto';
import { type AttestationForm, attestationsOf } from '../protocol/attestations.ts';
import { type Manifest, readManifest } from '../protocol/manifest.ts';
import { isDigest } from '../protocol/names.ts';
import { keyIdOf, preAuthEncoding } from './sign.ts';

export interface FoundAttestation {
  /** Of the manifest that holds it. */
  readonly digest: string;
  /** As something that refers to the image, under the tag that cosign gives it, or in the index that BuildKit made. */
  readonly place: 'referrer' | 'tag' | 'index';
  readonly tag?: string;
  /** `other`: an artifact of another kind, such as a document. */
  readonly form: AttestationForm | 'other';
  readonly artifactType?: string;
  /** Claimed. */
  readonly predicateType?: string;
  /** `verified` is said of Warden's own key alone. */
  readonly signature: 'none' | 'not-checked' | 'verified';
  /** Who is said to have signed: claimed, unless the signature is verified. */
  readonly signer?: string;
}

export interface FoundDeps {
  /** Undefined where there is none. */
  readonly readManifest: (
    repository: string,
    reference: string,
  ) => Promise<{ readonly bytes?: Uint8Array; readonly mediaType: string | undefined } | undefined>;
  readonly readBlob: (repository: string, digest: string, limit: number) => Promise<Uint8Array | undefined>;
  readonly referrersOf: (
    repository: string,
    digest: string,
  ) => Promise<readonly { readonly digest: string }[]>;
  /** Attestations that the record says an index held for it. */
  readonly inIndexes: (repository: string, digest: string) => Promise<readonly string[]>;
  /** Warden's own; undefined where it makes none. */
  readonly publicKey: KeyObject | undefined;
}

/** Of one image; where there are more, the rest is left out. */
const MANIFESTS_LIMIT = 64;
/** In bytes, of a signature or a bundle. */
const BLOB_LIMIT = 1_048_576;
const COSIGN_ENDINGS = ['sig', 'att', 'sbom'] as const;

export async function findAttestations(
  deps: FoundDeps,
  repository: string,
  digest: string,
): Promise<readonly FoundAttestation[]> {
  const places = (await placesOf(deps, repository, digest)).slice(0, MANIFESTS_LIMIT);
  const found: FoundAttestation[] = [];
  const seen = new Set<string>();
  for (const { place, reference } of places) {
    if (seen.has(reference)) continue;
    seen.add(reference);
    found.push(...(await inManifest(deps, repository, place, reference)));
  }
  return found;
}

interface Place {
  readonly place: FoundAttestation['place'];
  /** A digest or a tag. */
  readonly reference: string;
}

async function placesOf(deps: FoundDeps, repository: string, digest: string): Promise<readonly Place[]> {
  const referrers = (await deps.referrersOf(repository, digest)).map(({ digest: reference }) => ({
    place: 'referrer' as const,
    reference,
  }));
  const tags = COSIGN_ENDINGS.map((ending) => ({
    place: 'tag' as const,
    reference: `${digest.replace(':', '-')}.${ending}`,
  }));
  const itself = await manifestAt(deps, repository, digest);
  const children = itself === undefined ? [] : attestationsOf(itself, undefined).map((one) => one.digest);
  const inIndexes = itself?.config === undefined ? children : await deps.inIndexes(repository, digest);
  return [
    ...referrers,
    ...tags,
    ...inIndexes.map((reference) => ({ place: 'index' as const, reference })),
  ].filter(({ place, reference }) => place === 'tag' || isDigest(reference));
}

async function manifestAt(
  { readManifest: fetch }: Pick<FoundDeps, 'readManifest'>,
  repository: string,
  reference: string,
): Promise<Manifest | undefined> {
  const answer = await fetch(repository, reference);
  const read = answer?.bytes && readManifest(answer.bytes, answer.mediaType);
  return read?.ok ? read.manifest : undefined;
}

async function inManifest(
  deps: FoundDeps,
  repository: string,
  place: FoundAttestation['place'],
  reference: string,
): Promise<readonly FoundAttestation[]> {
  const manifest = await manifestAt(deps, repository, reference);
  if (manifest === undefined) return [];
  const common = {
    digest: reference,
    place,
    ...(place === 'tag' && { tag: reference }),
    ...(manifest.artifactType && { artifactType: manifest.artifactType }),
  };
  const attestations = attestationsOf(manifest, place === 'tag' ? reference : undefined);
  if (attestations.length === 0) return [{ ...common, form: 'other', signature: 'none' }];
  return Promise.all(
    attestations.map(async ({ form, digest, predicateType }): Promise<FoundAttestation> => {
      const annotations = manifest.layers.find((layer) => layer.digest === digest)?.annotations ?? {};
      const blob = ['sigstore-bundle', 'notation'].includes(form)
        ? await deps.readBlob(repository, digest, BLOB_LIMIT)
        : undefined;
      return {
        ...common,
        form,
        ...(predicateType !== undefined && { predicateType }),
        ...signatureOf(form, annotations, blob, deps.publicKey),
      };
    }),
  );
}

type Signature = Pick<FoundAttestation, 'signature' | 'signer'>;

/** What can be told of a signature by looking at it. */
export function signatureOf(
  form: AttestationForm,
  annotations: Readonly<Record<string, string>>,
  blob: Uint8Array | undefined,
  own: KeyObject | undefined,
): Signature {
  switch (form) {
    case 'in-toto':
    case 'sbom':
      return { signature: 'none' };
    case 'cosign-signature':
    case 'cosign-attestation':
      return unchecked(identityOf(annotations['dev.sigstore.cosign/certificate']));
    case 'sigstore-bundle':
      return ofBundle(parsed(blob), own);
    case 'notation': {
      const { header } = parsed(blob) as { header?: { x5c?: readonly unknown[] } };
      return unchecked(identityOf(der(header?.x5c?.[0])));
    }
  }
}

interface BundleShape {
  readonly dsseEnvelope?: {
    readonly payload?: unknown;
    readonly payloadType?: unknown;
    readonly signatures?: readonly { readonly sig?: unknown }[];
  };
  readonly verificationMaterial?: {
    readonly publicKey?: { readonly hint?: unknown };
    readonly certificate?: { readonly rawBytes?: unknown };
    readonly x509CertificateChain?: { readonly certificates?: readonly { readonly rawBytes?: unknown }[] };
  };
}

function ofBundle(bundle: unknown, own: KeyObject | undefined): Signature {
  const { dsseEnvelope, verificationMaterial } = bundle as BundleShape;
  const { payload, payloadType, signatures } = dsseEnvelope ?? {};
  const sig = Array.isArray(signatures) ? (signatures as { sig?: unknown }[])[0]?.sig : undefined;
  if (own && typeof payload === 'string' && typeof payloadType === 'string' && typeof sig === 'string') {
    const signed = preAuthEncoding(payloadType, Buffer.from(payload, 'base64'));
    if (verify('sha256', signed, own, Buffer.from(sig, 'base64'))) {
      return { signature: 'verified', signer: `key ${keyIdOf(own)} of this Registry Warden` };
    }
  }
  const certificate =
    verificationMaterial?.certificate?.rawBytes ??
    verificationMaterial?.x509CertificateChain?.certificates?.[0]?.rawBytes;
  const hint = verificationMaterial?.publicKey?.hint;
  return unchecked(
    identityOf(der(certificate)) ??
      (typeof hint === 'string' && hint !== '' ? `key ${cut(hint)}` : undefined),
  );
}

function unchecked(signer: string | undefined): Signature {
  return { signature: 'not-checked', ...(signer !== undefined && { signer }) };
}

/** The names that a certificate claims: nobody has looked who issued it. */
function identityOf(certificate: string | Buffer | undefined): string | undefined {
  if (certificate === undefined) return undefined;
  try {
    const { subject, subjectAltName } = new X509Certificate(certificate);
    return cut(subjectAltName ?? subject?.replaceAll('\n', ', ') ?? '') || undefined;
  } catch {
    return undefined;
  }
}

function der(base64: unknown): Buffer | undefined {
  return typeof base64 === 'string' ? Buffer.from(base64, 'base64') : undefined;
}

/** What a client wrote is shown up to here, in printable characters. */
function cut(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?').slice(0, 256);
}

/** An object, empty for anything else. */
function parsed(bytes: Uint8Array | undefined): object {
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes ?? []).toString('utf8'));
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}
