/**
 * Reads the configuration of an image, which its manifest names by digest.
 *
 * @see https://github.com/opencontainers/image-spec/blob/main/config.md
 */
import { isObject, isText, type Manifest, no, platformText, type Result } from './manifest.ts';
import { findFoldedKey, readStrictJson, show } from './strict-json.ts';

const CONFIG_TYPES = [
  'application/vnd.docker.container.image.v1+json',
  'application/vnd.oci.image.config.v1+json',
];

/** The facts of an image's configuration. All of them are the builder's claims. */
export interface ImageConfig {
  readonly created: string | undefined;
  readonly platform: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
  readonly diffIds: readonly string[];
}

const KEYS = {
  config: [
    'architecture',
    'os',
    'os.version',
    'os.features',
    'variant',
    'created',
    'author',
    'config',
    'rootfs',
    'history',
  ],
  runConfig: [
    'User',
    'ExposedPorts',
    'Env',
    'Entrypoint',
    'Cmd',
    'Volumes',
    'WorkingDir',
    'Labels',
    'StopSignal',
    'ArgsEscaped',
  ],
  rootfs: ['type', 'diff_ids'],
} as const;

/** True where the configuration blob of this type holds labels that can be read. */
export function hasImageConfig(manifest: Manifest): boolean {
  return manifest.config !== undefined && CONFIG_TYPES.includes(manifest.config.mediaType);
}

/** Reads the configuration blob of an image, whose digest the caller has checked. */
export function readImageConfig(bytes: Uint8Array): Result<{ readonly config: ImageConfig }> {
  const json = readStrictJson(bytes);
  if (!json.ok) return no(json.reason);
  const body = json.value;
  if (!isObject(body)) return no('it is not an object');
  const run = body['config'] ?? {};
  const rootfs = body['rootfs'] ?? {};
  if (!isObject(run) || !isObject(rootfs)) return no('config or rootfs is not an object');
  const folded =
    findFoldedKey(body, KEYS.config) ??
    findFoldedKey(run, KEYS.runConfig) ??
    findFoldedKey(rootfs, KEYS.rootfs);
  if (folded !== undefined)
    return no(`the key ${show(folded)} is spelt like a known one but for its letters`);
  const labels = run['Labels'] ?? {};
  const diffIds = rootfs['diff_ids'] ?? [];
  if (!isObject(labels) || !Object.values(labels).every(isText))
    return no('config.Labels is not a map of texts');
  if (!Array.isArray(diffIds) || !diffIds.every(isText)) return no('rootfs.diff_ids is not a list of texts');
  const created = body['created'];
  return {
    ok: true,
    config: {
      created: isText(created) ? created : undefined,
      platform: platformText(body),
      // Without a prototype: a label may be called __proto__.
      labels: Object.assign(Object.create(null), labels) as Record<string, string>,
      diffIds,
    },
  };
}
