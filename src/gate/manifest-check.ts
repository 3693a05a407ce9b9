/**
 * Whether content that is asked for as a manifest was pushed as one.
 *
 * docker-registry 2.8 looks for a manifest by digest among the blobs of the repository too. So a blob whose bytes are a
 * manifest would be served as an image that nobody read, judged or recorded. What is linked as a blob is served as a
 * manifest only if the record says that it was pushed as one; what is not linked as a blob cannot be such a blob.
 */
import { WardenError } from '../errors.ts';
import type { Registry } from '../upstream/registry.ts';

export interface ManifestCheck {
  /** @throws {WardenError} MANIFEST_UNKNOWN for a blob; REGISTRY_UNAVAILABLE when the registry does not say. */
  require(repository: string, digest: string): Promise<void>;
}

export interface ManifestCheckDeps {
  readonly registry: Pick<Registry, 'lookBlob' | 'lookDigest'>;
  /** Whether a push of exactly this manifest is on record. */
  readonly isRecorded: (repository: string, digest: string) => Promise<boolean>;
}

/** What was once a manifest stays one, so an answer is good for ever; the oldest go first. */
const KNOWN_LIMIT = 50_000;

export function createManifestCheck({ registry, isRecorded }: ManifestCheckDeps): ManifestCheck {
  const known = new Set<string>();

  function remember(name: string): void {
    known.add(name);
    const [oldest] = known;
    if (known.size > KNOWN_LIMIT && oldest !== undefined) known.delete(oldest);
  }

  return {
    async require(repository, digest) {
      const name = `${repository} ${digest}`;
      if (known.has(name)) return;
      // In this order: a manifest that is there before it is seen not to be a blob was never one. What is not there is
      // not remembered, since it may be uploaded later.
      if (!(await registry.lookDigest(repository, digest))) return;
      if ((await registry.lookBlob(repository, digest)) && !(await isRecorded(repository, digest))) {
        throw new WardenError('MANIFEST_UNKNOWN');
      }
      remember(name);
    },
  };
}
