/** What refers to a manifest, as the registry says, or as the list under the tag does where the registry has no such route. */
import { WardenError } from '../errors.ts';
import { MANIFEST_LIMIT, MANIFEST_TYPES } from '../protocol/manifest.ts';
import { type Referrer, readReferrers } from '../protocol/referrers.ts';
import type { Registry } from '../upstream/registry.ts';
import { listOf } from './referrers.ts';

/** @throws {WardenError} REGISTRY_UNAVAILABLE */
export async function knownReferrers(
  registry: Registry,
  repository: string,
  digest: string,
): Promise<readonly Referrer[]> {
  const answer = await registry.ask(
    {
      method: 'GET',
      target: `/v2/${repository}/referrers/${digest}`,
      headers: { accept: MANIFEST_TYPES.ociIndex },
      subject: '',
      access: [{ type: 'repository', name: repository, actions: ['pull'] }],
      body: 'none',
    },
    MANIFEST_LIMIT,
  );
  if (answer.status === 200 && answer.bytes !== undefined) {
    return readReferrers(answer.bytes, answer.headers['content-type'])?.manifests ?? [];
  }
  if (answer.status !== 404) {
    throw new WardenError('REGISTRY_UNAVAILABLE', {
      cause: new Error(`the referrers of ${repository}@${digest}: status ${answer.status}`),
    });
  }
  return (await listOf(registry, repository, digest))?.list.manifests ?? [];
}
