/**
 * Reads what a push says about itself in its manifest; image-config reads the configuration of an image.
 *
 * The digest is over the exact bytes, which are never written anew; this module only reads them, and refuses a document
 * that the registry or a client could read differently.
 *
 * @see https://github.com/opencontainers/image-spec/blob/main/manifest.md
 * @see https://distribution.github.io/distribution/spec/manifest-v2-2/
 */
import { findFoldedKey, readStrictJson, show } from './strict-json.ts';

export const MANIFEST_TYPES = {
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerList: 'application/vnd.docker.distribution.manifest.list.v2+json',
  ociManifest: 'application/vnd.oci.image.manifest.v1+json',
  ociIndex: 'application/vnd.oci.image.index.v1+json',
} as const;

/** What Warden asks for when it looks at the registry itself: an unmatched Accept makes docker-registry 2.8 convert or hide a manifest. */
export const ACCEPT_MANIFESTS = Object.values(MANIFEST_TYPES).join(', ');

/** In bytes; the registry's own limit. */
export const MANIFEST_LIMIT = 4_194_304;

const INDEXES: readonly string[] = [MANIFEST_TYPES.dockerList, MANIFEST_TYPES.ociIndex];

export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  /** `os/architecture[/variant]`, of the children of an index. */
  readonly platform?: string;
  /** Whatever was written there; absent where nothing was. */
  readonly annotations?: Annotations;
}

/** Without a prototype: a key may be called __proto__. What is no text is left out. */
export type Annotations = Readonly<Record<string, string>>;

export interface Manifest {
  readonly mediaType: string;
  readonly artifactType: string | undefined;
  /** Of an image or artifact; undefined for an index. */
  readonly config: Descriptor | undefined;
  readonly layers: readonly Descriptor[];
  /** Of an index. */
  readonly children: readonly Descriptor[];
  /** What this manifest refers to (a signature, an attestation, an attached artifact). */
  readonly subject: Descriptor | undefined;
  readonly annotations: Annotations;
}

export type Result<T> = ({ readonly ok: true } & T) | { readonly ok: false; readonly reason: string };

const KEYS = {
  manifest: [
    'schemaVersion',
    'mediaType',
    'artifactType',
    'config',
    'layers',
    'manifests',
    'subject',
    'annotations',
    'fsLayers',
    'signatures',
  ],
  descriptor: ['mediaType', 'digest', 'size', 'urls', 'annotations', 'data', 'platform', 'artifactType'],
  platform: ['architecture', 'os', 'os.version', 'os.features', 'variant', 'features'],
} as const;

/** A media type without its parameters, in lower case, as both sides compare it. */
export function plainMediaType(contentType: string | undefined): string {
  return (contentType ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
}

/** @param contentType the header as received. Never throws; a reason is one clause without a full stop. */
export function readManifest(
  bytes: Uint8Array,
  contentType: string | undefined,
): Result<{ readonly manifest: Manifest }> {
  const mediaType = plainMediaType(contentType);
  if (!Object.values<string>(MANIFEST_TYPES).includes(mediaType)) {
    const old =
      /v1\+(json|prettyjws)$/.test(mediaType) && mediaType.includes('docker.distribution.manifest.v1');
    return no(
      old
        ? 'image manifests of schema 1 are no longer accepted; push with a current client'
        : `the Content-Type ${show(mediaType)} is not that of a manifest`,
    );
  }
  const json = readStrictJson(bytes);
  if (!json.ok) return no(json.reason);
  const body = json.value;
  if (!isObject(body)) return no('it is not an object');
  const folded = findFoldedKey(body, KEYS.manifest);
  if (folded !== undefined)
    return no(`the key ${show(folded)} is spelt like a known one but for its letters`);
  if (body['schemaVersion'] !== 2) return no('schemaVersion is not 2');
  if (body['mediaType'] !== undefined && body['mediaType'] !== mediaType) {
    return no('mediaType differs from the Content-Type of the request');
  }
  const index = INDEXES.includes(mediaType);
  if (index ? 'layers' in body || 'config' in body : 'manifests' in body)
    return no('it is both an image and an index');
  const artifactType = body['artifactType'];
  if (artifactType !== undefined && typeof artifactType !== 'string') return no('artifactType is not text');

  const config = index ? undefined : readDescriptor(body['config'], 'config');
  const layers = index ? [] : readDescriptors(body['layers'], 'layers');
  const children = index ? readDescriptors(body['manifests'], 'manifests') : [];
  const subject = body['subject'] === undefined ? undefined : readDescriptor(body['subject'], 'subject');
  for (const part of [config, layers, children, subject]) if (typeof part === 'string') return no(part);
  return {
    ok: true,
    manifest: {
      mediaType,
      artifactType,
      config: config as Descriptor | undefined,
      layers: layers as readonly Descriptor[],
      children: children as readonly Descriptor[],
      subject: subject as Descriptor | undefined,
      annotations: annotationsOf(body['annotations']),
    },
  };
}

/** @returns the descriptor, or the reason why it is none. */
function readDescriptor(value: unknown, where: string): Descriptor | string {
  if (!isObject(value)) return `${where} is not a descriptor`;
  const folded = findFoldedKey(value, KEYS.descriptor);
  if (folded !== undefined)
    return `the key ${show(folded)} in ${where} is spelt like a known one but for its letters`;
  const { mediaType, digest, size, platform, annotations } = value as Record<string, unknown>;
  if (
    !isText(mediaType) ||
    !isText(digest) ||
    !/^[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[a-zA-Z0-9=_-]{32,256}$/.test(digest)
  ) {
    return `${where} has no mediaType or no digest`;
  }
  if (!Number.isSafeInteger(size) || (size as number) < 0) return `${where} has no size`;
  const said = {
    mediaType,
    digest,
    size: size as number,
    ...(isObject(annotations) && { annotations: annotationsOf(annotations) }),
  };
  if (platform === undefined || platform === null) return said;
  if (!isObject(platform)) return `the platform in ${where} is not an object`;
  const foldedPlatform = findFoldedKey(platform, KEYS.platform);
  if (foldedPlatform !== undefined)
    return `the key ${show(foldedPlatform)} in ${where} is spelt like a known one`;
  const text = platformText(platform);
  return { ...said, ...(text && { platform: text }) };
}

function readDescriptors(value: unknown, where: string): readonly Descriptor[] | string {
  if (value === null || value === undefined) return [];
  if (!Array.isArray(value)) return `${where} is not a list`;
  const read: Descriptor[] = [];
  for (const item of value) {
    const descriptor = readDescriptor(item, where);
    if (typeof descriptor === 'string') return descriptor;
    read.push(descriptor);
  }
  return read;
}

/** They are the pusher's words, and the registry keeps them as they are. */
function annotationsOf(value: unknown): Annotations {
  const texts = isObject(value) ? Object.entries(value).filter(([, text]) => isText(text)) : [];
  return Object.assign(Object.create(null), Object.fromEntries(texts)) as Annotations;
}

export function platformText(object: Record<string, unknown>): string | undefined {
  const words = [object['os'], object['architecture'], object['variant']].filter(
    (word) => isText(word) && word !== '',
  );
  return words.length >= 2 ? words.join('/').slice(0, 100) : undefined;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isText(value: unknown): value is string {
  return typeof value === 'string';
}

export function no(reason: string): { readonly ok: false; readonly reason: string } {
  return { ok: false, reason };
}
