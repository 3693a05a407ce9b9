/** Small images in memory, and a client that pushes them request by request. */
import { createHash, randomBytes } from 'node:crypto';
import { MEDIA_TYPES } from '../support/image.ts';
import { type Ask, ask, type Place, type Reply } from './wire.ts';

export interface Blob {
  readonly digest: string;
  readonly bytes: Buffer;
}

export interface SmallImage extends Blob {
  readonly mediaType: string;
  readonly config: Blob;
  readonly layer: Blob;
}

export function blobOf(bytes: Buffer | string): Blob {
  const content = Buffer.from(bytes);
  return { digest: digestOf(content), bytes: content };
}

export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

/** An image of one layer of random bytes, so that each is its own. `change` edits the manifest before it is written. */
export function smallImage(
  options: {
    readonly layerBytes?: number;
    readonly labels?: Readonly<Record<string, string>>;
    readonly change?: (manifest: Record<string, unknown>) => void;
  } = {},
): SmallImage {
  const layer = blobOf(randomBytes(options.layerBytes ?? 64));
  const config = blobOf(
    JSON.stringify({
      architecture: 'amd64',
      os: 'linux',
      config: { Labels: options.labels ?? {} },
      rootfs: { type: 'layers', diff_ids: [layer.digest] },
    }),
  );
  const manifest: Record<string, unknown> = {
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.manifest,
    config: { mediaType: MEDIA_TYPES.config, digest: config.digest, size: config.bytes.length },
    layers: [{ mediaType: MEDIA_TYPES.layer, digest: layer.digest, size: layer.bytes.length }],
  };
  options.change?.(manifest);
  return { ...blobOf(JSON.stringify(manifest)), mediaType: MEDIA_TYPES.manifest, config, layer };
}

export type With = Pick<Ask, 'token' | 'from' | 'headers'>;

export async function startUpload(
  place: Place,
  repository: string,
  options: With,
  query = '',
): Promise<Reply> {
  return ask(place, { ...options, method: 'POST', path: `/v2/${repository}/blobs/uploads/${query}` });
}

/** One POST, one PUT with the whole body. */
export async function putBlob(place: Place, repository: string, blob: Blob, options: With): Promise<Reply> {
  const start = await startUpload(place, repository, options);
  if (start.status !== 202) return start;
  return ask(place, {
    ...options,
    method: 'PUT',
    path: `${start.headers['location']}&digest=${blob.digest}`,
    body: blob.bytes,
  });
}

export async function putManifest(
  place: Place,
  repository: string,
  reference: string,
  manifest: { readonly bytes: Uint8Array; readonly mediaType: string },
  options: With,
): Promise<Reply> {
  return ask(place, {
    ...options,
    method: 'PUT',
    path: `/v2/${repository}/manifests/${reference}`,
    headers: { 'content-type': manifest.mediaType, ...options.headers },
    body: manifest.bytes,
  });
}

/** Both blobs, then the manifest; the answer to the manifest, or to the first part that was refused. */
export async function pushImage(
  place: Place,
  repository: string,
  reference: string,
  image: SmallImage,
  options: With,
): Promise<Reply> {
  for (const blob of [image.layer, image.config]) {
    const reply = await putBlob(place, repository, blob, options);
    if (reply.status !== 201) return reply;
  }
  return putManifest(place, repository, reference, image, options);
}
