/**
 * Which manifests are said to vouch for another one: signatures, attestations and bills of materials, in the forms that
 * clients write. Only the forms are known here: nothing is verified, and anyone who may push can write any of them.
 *
 * @see https://github.com/moby/buildkit/blob/master/docs/attestations/attestation-storage.md
 * @see https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md
 * @see https://github.com/notaryproject/specifications/blob/main/specs/signature-specification.md
 */
import type { Descriptor, Manifest } from './manifest.ts';
import { isDigest } from './names.ts';

export const ATTESTATION_FORMS = [
  'in-toto',
  'cosign-signature',
  'cosign-attestation',
  'sigstore-bundle',
  'notation',
  'sbom',
] as const;
export type AttestationForm = (typeof ATTESTATION_FORMS)[number];

/** One thing that vouches. */
export interface Attestation {
  /** Of the blob that holds it, or of the manifest that does, where an index names that. */
  readonly digest: string;
  readonly form: AttestationForm;
  /** The manifest that it is said to be about. */
  readonly of: string | undefined;
  readonly predicateType: string | undefined;
}

/** Of one manifest; those that list more say too little about each to be worth it. */
export const ATTESTATIONS_KEPT = 32;
/** In characters, of what a client wrote. */
const TEXT_LIMIT = 256;

const FORM_OF_TYPE: Readonly<Record<string, AttestationForm>> = {
  'application/vnd.in-toto+json': 'in-toto',
  'application/vnd.dev.cosign.simplesigning.v1+json': 'cosign-signature',
  'application/vnd.dsse.envelope.v1+json': 'cosign-attestation',
  'application/jose+json': 'notation',
  'application/cose': 'notation',
  'application/spdx+json': 'sbom',
  'text/spdx': 'sbom',
  'text/spdx+json': 'sbom',
  'application/vnd.cyclonedx': 'sbom',
  'application/vnd.cyclonedx+json': 'sbom',
  'application/vnd.cyclonedx+xml': 'sbom',
  'application/vnd.syft+json': 'sbom',
};
const NOTATION = 'application/vnd.cncf.notary.signature';
const BUNDLE = /^application\/vnd\.dev\.sigstore\.bundle(?:[.+;]|$)/;

/** @param tag under which it is pushed, if under one: cosign says there what it is about. */
export function attestationsOf(manifest: Manifest, tag: string | undefined): readonly Attestation[] {
  if (manifest.config === undefined) return manifest.children.flatMap(listed).slice(0, ATTESTATIONS_KEPT);
  const of = subjectOf(manifest, tag);
  const kinds = [manifest.artifactType, manifest.config.mediaType];
  return manifest.layers
    .flatMap((layer) => {
      const form = formOf(layer.mediaType, kinds);
      if (form === undefined) return [];
      return [{ digest: layer.digest, form, of, predicateType: predicateOf(layer, manifest) }];
    })
    .slice(0, ATTESTATIONS_KEPT);
}

function formOf(mediaType: string, kinds: readonly (string | undefined)[]): AttestationForm | undefined {
  // What notation signs with has a type that others use too.
  if (kinds.includes(NOTATION)) return 'notation';
  if (BUNDLE.test(mediaType)) return 'sigstore-bundle';
  const form = Object.hasOwn(FORM_OF_TYPE, mediaType) ? FORM_OF_TYPE[mediaType] : undefined;
  return form === 'notation' ? undefined : form;
}

/** The child of an index that BuildKit marks as an attestation for another child. */
function listed({ digest, annotations = {} }: Descriptor): readonly Attestation[] {
  if (annotations['vnd.docker.reference.type'] !== 'attestation-manifest') return [];
  const of = annotations['vnd.docker.reference.digest'];
  return [{ digest, form: 'in-toto', of: of && isDigest(of) ? of : undefined, predicateType: undefined }];
}

function subjectOf({ subject }: Manifest, tag: string | undefined): string | undefined {
  if (subject !== undefined) return isDigest(subject.digest) ? subject.digest : undefined;
  const [, hex] = /^sha256-([0-9a-f]{64})\.(?:sig|att|sbom)$/.exec(tag ?? '') ?? [];
  return hex === undefined ? undefined : `sha256:${hex}`;
}

function predicateOf({ annotations = {} }: Descriptor, manifest: Manifest): string | undefined {
  const said =
    annotations['in-toto.io/predicate-type'] ??
    annotations['predicateType'] ??
    manifest.annotations['dev.sigstore.bundle.predicateType'];
  return said === undefined || said === '' || said.length > TEXT_LIMIT ? undefined : said;
}
