/** Manifests that Warden writes itself. */
import { digestOf } from '../protocol/digest.ts';
import { readManifest } from '../protocol/manifest.ts';
import type { Content } from './store-manifest.ts';

/**
 * The manifest as if somebody had pushed it. It stands for nothing that would have to be read besides.
 *
 * @throws {Error} where it is none: a defect of whoever wrote it.
 */
export function ownContent(bytes: Uint8Array, mediaType: string): Content {
  const read = readManifest(bytes, mediaType);
  if (!read.ok) throw new Error(`what Warden wrote is no manifest: ${read.reason}`);
  const digest = digestOf(bytes);
  return { bytes, digest, manifest: read.manifest, config: undefined, statement: undefined, below: [] };
}
