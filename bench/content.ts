/** What the registry of a benchmark holds: one image, and blobs of several sizes. */
import { createHash, randomBytes } from 'node:crypto';
import { closeSync, openSync, writeSync } from 'node:fs';
import type { RunningRegistry } from '../test/support/registry.ts';
import { upload } from './curl.ts';
import type { Sizes } from './sizes.ts';

export const REPOSITORY = 'bench/app';
export const TAG = 'v1';

export interface Content {
  readonly large: Blob;
  readonly medium: Blob;
  readonly layers: readonly Blob[];
  /** What is uploaded again and again; the registry reads and hashes it each time. */
  readonly upload: Blob;
}

export interface Blob {
  readonly digest: string;
  readonly bytes: number;
  readonly file: string;
}

const CHUNK_BYTES = 1024 * 1024;

export function makeContent(sizes: Sizes, at: (name: string) => string): Content {
  const blob = (name: string, bytes: number): Blob => {
    const file = at(name);
    const digest = writeRandom(file, bytes);
    return { digest, bytes, file };
  };
  return {
    large: blob('large', sizes.largeBytes),
    medium: blob('medium', sizes.mediumBytes),
    layers: Array.from({ length: sizes.layers }, (_, nth) => blob(`layer-${nth}`, sizes.layerBytes)),
    upload: blob('upload', sizes.uploadBytes),
  };
}

/** One random chunk again and again, each numbered: no content is like another, and it is made quickly. */
function writeRandom(path: string, bytes: number): string {
  const digest = createHash('sha256');
  const chunk = randomBytes(CHUNK_BYTES);
  const file = openSync(path, 'w', 0o600);
  for (let left = bytes, nth = 0; left > 0; left -= CHUNK_BYTES, nth++) {
    chunk.writeUInt32BE(nth);
    const part = chunk.subarray(0, Math.min(left, CHUNK_BYTES));
    digest.update(part);
    writeSync(file, part);
  }
  closeSync(file);
  return `sha256:${digest.digest('hex')}`;
}

export async function fill(registry: RunningRegistry, { large, medium, layers }: Content): Promise<void> {
  for (const { file, digest } of [large, medium, ...layers])
    await upload(registry.url, REPOSITORY, file, digest, {});
  const config = Buffer.from(
    JSON.stringify({ architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: [] } }),
  );
  const configDigest = `sha256:${createHash('sha256').update(config).digest('hex')}`;
  const start = await fetch(`${registry.url}/v2/${REPOSITORY}/blobs/uploads/`, { method: 'POST' });
  await fetch(`${start.headers.get('location')}&digest=${configDigest}`, { method: 'PUT', body: config });
  const manifest = {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: {
      mediaType: 'application/vnd.oci.image.config.v1+json',
      digest: configDigest,
      size: config.length,
    },
    layers: layers.map(({ digest, bytes }) => ({
      mediaType: 'application/vnd.oci.image.layer.v1.tar',
      digest,
      size: bytes,
    })),
  };
  const put = await fetch(`${registry.url}/v2/${REPOSITORY}/manifests/${TAG}`, {
    method: 'PUT',
    headers: { 'content-type': manifest.mediaType },
    body: JSON.stringify(manifest),
  });
  if (put.status !== 201) throw new Error(`the registry did not take the manifest: ${put.status}`);
}
