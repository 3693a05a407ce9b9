/**
 * The list of what refers to a manifest (signatures, attestations, attached artifacts): an image index under the tag that
 * the specification gives it where a registry has no referrers API of its own.
 *
 * @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md#referrers-tag-schema
 */
import { MANIFEST_LIMIT, MANIFEST_TYPES, type Manifest, readManifest } from './manifest.ts';
import { readStrictJson } from './strict-json.ts';

/** A descriptor as it stands in the index; what this version does not know stays in it. */
export type Referrer = { readonly digest: string; readonly [key: string]: unknown };

/** The members of the index but for its manifests, and those. */
export interface Referrers {
  readonly rest: Readonly<Record<string, unknown>>;
  readonly manifests: readonly Referrer[];
}

export const NO_REFERRERS: Referrers = {
  rest: { schemaVersion: 2, mediaType: MANIFEST_TYPES.ociIndex },
  manifests: [],
};

/** The tag under which the list stands. @param digest of sha256, whose tag is never too long to be one. */
export function referrersTag(digest: string): string {
  return digest.replace(':', '-');
}

/** Whether a list of referrers stands there, or would. */
export function isReferrersTag(tag: string): boolean {
  return /^sha256-[0-9a-f]{64}$/.test(tag);
}

/** @returns undefined for what is no image index, or has two readings. */
export function readReferrers(bytes: Uint8Array, contentType: string | undefined): Referrers | undefined {
  const read = readManifest(bytes, contentType);
  const json = readStrictJson(bytes);
  if (!read.ok || !json.ok || read.manifest.mediaType !== MANIFEST_TYPES.ociIndex) return undefined;
  // An object whose manifests are descriptors, as readManifest found.
  const { manifests, ...rest } = json.value as { manifests?: readonly Referrer[] | null };
  return { rest: { ...rest, mediaType: MANIFEST_TYPES.ociIndex }, manifests: manifests ?? [] };
}

/** In bytes. The list is one manifest for all of them; who wants longer annotations finds them in the referrer itself. */
const ANNOTATIONS_LIMIT = 16_384;

/** What the list says of a manifest that refers to another one. `manifest` is the reading of `bytes`. */
export function referrerOf(bytes: Uint8Array, digest: string, manifest: Manifest): Referrer {
  const artifactType = manifest.artifactType || manifest.config?.mediaType;
  const json = readStrictJson(bytes);
  const annotations = json.ok ? (json.value as { annotations?: unknown }).annotations : undefined;
  return {
    mediaType: manifest.mediaType,
    digest,
    size: bytes.length,
    ...(artifactType && { artifactType }),
    ...(isTexts(annotations) &&
      Buffer.byteLength(JSON.stringify(annotations)) <= ANNOTATIONS_LIMIT && { annotations }),
  };
}

/** The list with this one at its end; the same list where it is there already. */
export function withReferrer(list: Referrers, referrer: Referrer): Referrers {
  if (list.manifests.some(({ digest }) => digest === referrer.digest)) return list;
  return { ...list, manifests: [...list.manifests, referrer] };
}

/** The list without it; the same list where it is not there. */
export function withoutReferrer(list: Referrers, gone: string): Referrers {
  const manifests = list.manifests.filter(({ digest }) => digest !== gone);
  return manifests.length === list.manifests.length ? list : { ...list, manifests };
}

export function ofArtifactType(list: Referrers, artifactType: string): Referrers {
  return { ...list, manifests: list.manifests.filter((one) => one['artifactType'] === artifactType) };
}

/** @returns undefined where it is larger than the registry takes. */
export function writeReferrers({ rest, manifests }: Referrers): Uint8Array | undefined {
  const bytes = Buffer.from(JSON.stringify({ ...rest, manifests }));
  return bytes.length > MANIFEST_LIMIT ? undefined : bytes;
}

function isTexts(value: unknown): value is Readonly<Record<string, string>> {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every((item) => typeof item === 'string')
  );
}
