/** OCI image layouts made from nothing: what the clients of the tests push. */
import { createHash, randomBytes } from 'node:crypto';
import {
  closeSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';

/** How a manifest refers to content. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

export interface Platform {
  readonly os: string;
  readonly architecture: string;
}

export interface ImageOptions {
  readonly layers?: number;
  /** Of the file in each layer, in bytes. */
  readonly layerBytes?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly platform?: Platform;
  /**
   * Random bytes (the default) make each image its own; zeros make a sparse file, so that a layer of any size
   * costs neither memory nor disk.
   */
  readonly fill?: 'random' | 'zeros';
}

export interface Image extends Descriptor {
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}

export interface Layout {
  readonly path: string;
  /** `oci:<path>:<tag>`, as skopeo, podman and buildah name it. */
  reference(tag: string): string;
  /** Writes an image and, with a tag, names it in the layout. */
  image(options?: ImageOptions, tag?: string): Image;
  /** Writes a multi-platform index over images that were written here. */
  index(images: readonly { readonly image: Image; readonly platform: Platform }[], tag?: string): Descriptor;
  /** Writes an OCI 1.1 artifact: a manifest with an empty config, a type, and what it speaks of. */
  artifact(
    options: { readonly artifactType: string; readonly subject?: Descriptor; readonly text: string },
    tag?: string,
  ): Descriptor;
  /** The content of a blob, for those that are small. */
  blob(digest: string): Buffer;
  /** The path of a blob's file. */
  blobFile(digest: string): string;
}

export const MEDIA_TYPES = {
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  index: 'application/vnd.oci.image.index.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar',
  empty: 'application/vnd.oci.empty.v1+json',
} as const;

const AMD64: Platform = { os: 'linux', architecture: 'amd64' };
const CHUNK_BYTES = 1024 * 1024;
const TAR_BLOCK_BYTES = 512;

/**
 * Makes an empty layout at `path`.
 *
 * @see https://github.com/opencontainers/image-spec/blob/main/image-layout.md
 */
export function createLayout(path: string): Layout {
  mkdirSync(join(path, 'blobs', 'sha256'), { recursive: true });
  writeFileSync(join(path, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
  const tagged: (Descriptor & { readonly annotations: Readonly<Record<string, string>> })[] = [];

  function blobFile(digest: string): string {
    return join(path, 'blobs', ...digest.split(':'));
  }

  function putJson(mediaType: string, value: unknown, tag?: string): Descriptor {
    const bytes = Buffer.from(JSON.stringify(value));
    const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
    writeFileSync(blobFile(digest), bytes);
    const descriptor = { mediaType, digest, size: bytes.length };
    if (tag !== undefined) {
      tagged.push({ ...descriptor, annotations: { 'org.opencontainers.image.ref.name': tag } });
    }
    writeFileSync(
      join(path, 'index.json'),
      JSON.stringify({ schemaVersion: 2, mediaType: MEDIA_TYPES.index, manifests: tagged }),
    );
    return descriptor;
  }

  /** A tar with one file. Not compressed: then its digest is its diff id too, and zeros stay holes on the disk. */
  function putLayer(name: string, fileBytes: number, fill: 'random' | 'zeros'): Descriptor {
    const hash = createHash('sha256');
    const aside = join(path, `blobs/${name}.part`);
    const file = openSync(aside, 'w');
    const put = (bytes: Buffer, hole = false): void => {
      hash.update(bytes);
      if (!hole) writeSync(file, bytes, 0, bytes.length, size);
      size += bytes.length;
    };
    let size = 0;
    put(tarHeader(name, fileBytes));
    const zeros = Buffer.alloc(Math.min(CHUNK_BYTES, fileBytes));
    for (let left = fileBytes; left > 0; left -= CHUNK_BYTES) {
      const length = Math.min(left, CHUNK_BYTES);
      put(fill === 'zeros' ? zeros.subarray(0, length) : randomBytes(length), fill === 'zeros');
    }
    const padding = (TAR_BLOCK_BYTES - (fileBytes % TAR_BLOCK_BYTES)) % TAR_BLOCK_BYTES;
    put(Buffer.alloc(padding + 2 * TAR_BLOCK_BYTES), true);
    ftruncateSync(file, size);
    closeSync(file);
    const digest = `sha256:${hash.digest('hex')}`;
    renameSync(aside, blobFile(digest));
    return { mediaType: MEDIA_TYPES.layer, digest, size };
  }

  return {
    path,
    reference: (tag) => `oci:${path}:${tag}`,
    blobFile,
    blob: (digest) => readFileSync(blobFile(digest)),
    image(options = {}, tag) {
      const platform = options.platform ?? AMD64;
      const layers = Array.from({ length: options.layers ?? 1 }, (_, at) =>
        putLayer(`file-${at}`, options.layerBytes ?? 1024, options.fill ?? 'random'),
      );
      const config = putJson(MEDIA_TYPES.config, {
        ...platform,
        config: { Labels: options.labels ?? {} },
        rootfs: { type: 'layers', diff_ids: layers.map(({ digest }) => digest) },
      });
      const manifest = { schemaVersion: 2, mediaType: MEDIA_TYPES.manifest, config, layers };
      return { ...putJson(MEDIA_TYPES.manifest, manifest, tag), config, layers };
    },
    index(images, tag) {
      const manifests = images.map(({ image: { mediaType, digest, size }, platform }) => ({
        mediaType,
        digest,
        size,
        platform,
      }));
      return putJson(MEDIA_TYPES.index, { schemaVersion: 2, mediaType: MEDIA_TYPES.index, manifests }, tag);
    },
    artifact({ artifactType, subject, text }, tag) {
      const layer = putJson('text/plain', text);
      return putJson(
        MEDIA_TYPES.manifest,
        {
          schemaVersion: 2,
          mediaType: MEDIA_TYPES.manifest,
          artifactType,
          config: putJson(MEDIA_TYPES.empty, {}),
          layers: [layer],
          ...(subject && {
            subject: { mediaType: subject.mediaType, digest: subject.digest, size: subject.size },
          }),
        },
        tag,
      );
    },
  };
}

/** A POSIX ustar header of a plain file, mode 0644, owned by root, at time 0. */
function tarHeader(name: string, fileBytes: number): Buffer {
  const header = Buffer.alloc(TAR_BLOCK_BYTES);
  header.write(name, 0);
  header.write('0000644\0', 100);
  header.write('0000000\0', 108);
  header.write('0000000\0', 116);
  header.write(`${fileBytes.toString(8).padStart(11, '0')}\0`, 124);
  header.write('00000000000\0', 136);
  header.write(' '.repeat(8), 148); // the sum is taken with blanks in its own field
  header.write('0', 156);
  header.write('ustar\u000000', 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return header;
}
