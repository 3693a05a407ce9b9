/** What a record says of the content that is pushed, beyond its digests: what it is built on, what vouches for it, what it claims. */
import { attestationsOf } from '../protocol/attestations.ts';
import type { BuildStatement } from '../protocol/build-statement.ts';
import type { ImageConfig } from '../protocol/image-config.ts';
import type { Manifest } from '../protocol/manifest.ts';
import { isDigest, type Reference } from '../protocol/names.ts';
import type { KnownImage } from '../provenance/known-image.ts';
import type { PushIntent } from '../provenance/record.ts';
import type { Mount } from './pushes-under-way.ts';

/** What was read and looked up before the push is judged. */
export interface Described {
  readonly manifest: Manifest;
  readonly config: ImageConfig | undefined;
  /** Of an attestation that holds one. */
  readonly statement: BuildStatement | undefined;
  /** The images on record that have the longest row of its lowest layers; undefined where they could not be searched in time. */
  readonly below: readonly KnownImage[] | undefined;
}

type ImageFacts = Pick<PushIntent, 'image' | 'base' | 'attest' | 'source' | 'labels' | 'truncated'>;
type Base = NonNullable<PushIntent['base']>[number];

/** Layers of an image, and of what a record lists. Docker takes 127; artifacts can have thousands. */
export const LAYERS_KEPT = 250;
/** In characters, of one claim. */
const TEXT_LIMIT = 512;

const BASE_NAME = 'org.opencontainers.image.base.name';
const BASE_DIGEST = 'org.opencontainers.image.base.digest';
const SOURCE = 'org.opencontainers.image.source';
const REVISION = 'org.opencontainers.image.revision';

export function imageFactsOf(
  described: Described,
  reference: Reference,
  mounted: readonly Mount[],
): ImageFacts {
  const { manifest, config, statement, below } = described;
  const attest = attestationsOf(manifest, 'tag' in reference ? reference.tag : undefined);
  const labels = config?.labels ?? {};
  const base = [
    ...(below ?? []).map((known) => ofLayers(known, manifest)),
    ...declared(manifest.annotations, 'annotation'),
    ...declared(labels, 'label'),
    ...ofStatement(statement),
    ...ofMounts(mounted, manifest),
  ];
  // An attestation is pushed as an image whose layers are documents.
  const image = attest.length === 0 && config ? imageOf(config) : {};
  const source = sourceOf(manifest, labels, statement);
  const left = [
    ...(manifest.layers.length > LAYERS_KEPT ? ['subject.layerDigests'] : []),
    ...(below === undefined ? ['base'] : []),
    // The one name that is no member of a record. What is left out is said.
    ...(Object.hasOwn(labels, '__proto__') ? ['labels'] : []),
  ];
  return {
    ...(Object.keys(image).length > 0 && { image }),
    ...(base.length > 0 && { base }),
    ...(attest.length > 0 && {
      attest: attest.map(({ digest, form, of, predicateType }) => ({
        digest,
        form,
        ...(of !== undefined && { of }),
        ...(predicateType !== undefined && { predicateType }),
        evidence: 'claimed' as const,
      })),
    }),
    ...(source && { source: { ...source, evidence: 'claimed' as const } }),
    ...(Object.keys(labels).length > 0 && { labels: { ...labels } }),
    ...(left.length > 0 && { truncated: left }),
  };
}

/** The layers by which an image can be compared with others; empty where its configuration does not name them properly. */
export function comparableLayers({ diffIds }: ImageConfig): readonly string[] {
  return diffIds.length <= LAYERS_KEPT && diffIds.every(isDigest) ? diffIds : [];
}

function imageOf(config: ImageConfig): NonNullable<PushIntent['image']> {
  const { platform, created } = config;
  const diffIds = comparableLayers(config);
  return {
    ...(platform !== undefined && { platform }),
    ...(created !== undefined && created !== '' && { created: created.slice(0, TEXT_LIMIT) }),
    ...(diffIds.length > 0 && { diffIds: [...diffIds] }),
  };
}

/** That the layers' digests agree was seen; that the configurations agree is what the pusher says. */
function ofLayers({ repo, tag, digest, layerDigests }: KnownImage, { layers }: Manifest): Base {
  const same =
    layerDigests.length > 0 && layerDigests.every((layer, place) => layer === layers[place]?.digest);
  return {
    name: tag === undefined ? repo : `${repo}:${tag}`,
    digest,
    by: 'layers',
    evidence: same ? 'observed' : 'claimed',
  };
}

function declared(texts: Readonly<Record<string, string>>, by: 'annotation' | 'label'): readonly Base[] {
  const name = texts[BASE_NAME]?.slice(0, TEXT_LIMIT);
  const digest = texts[BASE_DIGEST];
  const known = {
    ...(name && { name }),
    ...(digest !== undefined && isDigest(digest) && { digest }),
  };
  return Object.keys(known).length === 0 ? [] : [{ ...known, by, evidence: 'claimed' }];
}

function ofStatement(statement: BuildStatement | undefined): readonly Base[] {
  return (statement?.images ?? []).map(({ name, digest }) => ({
    name,
    ...(digest !== undefined && { digest }),
    ...(statement?.of !== undefined && { of: statement.of }),
    by: 'buildkit',
    evidence: 'claimed',
  }));
}

function ofMounts(mounted: readonly Mount[], { layers }: Manifest): readonly Base[] {
  const digests = new Set(layers.map(({ digest }) => digest));
  const from = new Set(mounted.filter(({ digest }) => digests.has(digest)).map((mount) => mount.from));
  return [...from].map((name) => ({ name, by: 'mount', evidence: 'observed' }));
}

function sourceOf(
  { annotations }: Manifest,
  labels: Readonly<Record<string, string>>,
  statement: BuildStatement | undefined,
): { readonly uri?: string; readonly commit?: string } | undefined {
  for (const texts of [annotations, labels]) {
    const uri = texts[SOURCE]?.slice(0, TEXT_LIMIT);
    const commit = texts[REVISION]?.slice(0, TEXT_LIMIT);
    if (uri || commit) return { ...(uri && { uri }), ...(commit && { commit }) };
  }
  return statement && Object.keys(statement.source).length > 0 ? statement.source : undefined;
}
