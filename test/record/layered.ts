/** Images of several layers, and what vouches for them, in memory; and a client that pushes them. */
import { expect } from '@jest/globals';
import { type Blob, blobOf, putBlob, putManifest, type With } from '../gate/images.ts';
import type { Place } from '../gate/wire.ts';
import { MEDIA_TYPES } from '../support/image.ts';

export interface Pushable extends Blob {
  readonly mediaType: string;
  /** What must be in the registry before. */
  readonly blobs: readonly Blob[];
}

export interface Layer extends Blob {
  /** Of the layer before it was compressed. */
  readonly diffId: string;
}

export const layer = (content: string): Layer => {
  const blob = blobOf(content);
  return { ...blob, diffId: blobOf(`of ${content}`).digest };
};
/** The same content in other bytes, as another compressor makes them. */
export const compressedAnew = ({ diffId, bytes }: Layer): Layer => ({
  ...blobOf(`${bytes.toString()}, once more`),
  diffId,
});

type Texts = Readonly<Record<string, string>>;

export function layeredImage(
  layers: readonly Layer[],
  { annotations, labels = {} }: { readonly annotations?: Texts; readonly labels?: Texts } = {},
): Pushable {
  const config = blobOf(
    JSON.stringify({
      architecture: 'arm64',
      os: 'linux',
      created: '2026-03-01T10:00:00Z',
      config: { Labels: labels },
      rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
    }),
  );
  return artifact(
    layers.map((blob) => ({ blob, mediaType: MEDIA_TYPES.layer })),
    { config, configType: MEDIA_TYPES.config, more: annotations ? { annotations } : {} },
  );
}

export interface Part {
  readonly blob: Blob;
  readonly mediaType: string;
  readonly annotations?: Texts;
}

export function artifact(
  parts: readonly Part[],
  {
    config = blobOf('{}'),
    configType = 'application/vnd.oci.empty.v1+json',
    more = {},
  }: { readonly config?: Blob; readonly configType?: string; readonly more?: object } = {},
): Pushable {
  const manifest = {
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.manifest,
    config: { mediaType: configType, digest: config.digest, size: config.bytes.length },
    layers: parts.map(({ blob, mediaType, annotations }) => ({
      mediaType,
      digest: blob.digest,
      size: blob.bytes.length,
      ...(annotations && { annotations }),
    })),
    ...more,
  };
  const blobs = [config, ...parts.map(({ blob }) => blob)];
  return { ...blobOf(JSON.stringify(manifest)), mediaType: MEDIA_TYPES.manifest, blobs };
}

export function indexOf(children: readonly { readonly of: Pushable; readonly more?: object }[]): Pushable {
  const manifests = children.map(({ of, more }) => ({
    mediaType: of.mediaType,
    digest: of.digest,
    size: of.bytes.length,
    ...more,
  }));
  const bytes = JSON.stringify({ schemaVersion: 2, mediaType: MEDIA_TYPES.index, manifests });
  return { ...blobOf(bytes), mediaType: MEDIA_TYPES.index, blobs: [] };
}

export async function pushed(
  place: Place,
  repository: string,
  reference: string | undefined,
  what: Pushable,
  as: With,
): Promise<void> {
  for (const blob of what.blobs) expect((await putBlob(place, repository, blob, as)).status).toBe(201);
  const reply = await putManifest(place, repository, reference ?? what.digest, what, as);
  expect({ status: reply.status, text: reply.text }).toMatchObject({ status: 201 });
}
