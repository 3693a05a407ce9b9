/** What a push with a grant needs besides a token: the grant as it is now, and that it learns what was pushed. */
import { WardenError } from '../errors.ts';
import type { GrantJob } from '../identity/grants/grant.ts';
import type { PushIntent } from '../provenance/record.ts';
import { actorOf, peerOf, tokenOf } from './record-facts.ts';
import type { Pushing } from './store-manifest.ts';

export interface PushGrant {
  readonly id: string;
  readonly job: GrantJob;
}

/** @returns undefined for a push without a grant. @throws {WardenError} GRANT_SPENT, GRANTS_UNAVAILABLE */
export async function admitGrant(
  { deps, exchange, token, request }: Pushing,
  digest: string,
): Promise<PushGrant | undefined> {
  const id = token.via.grant;
  if (id === undefined) return undefined;
  const { repository, reference } = request;
  const tag = 'tag' in reference ? reference.tag : undefined;
  const job = await deps.grants.admit(id, { repository, tag, digest });
  if (typeof job !== 'string') return { id, job };
  deps.recorder.refused({
    action: 'push',
    reason: 'GRANT_SPENT',
    subject: { repo: repository, digest },
    ...(tag !== undefined && { tag: { name: tag } }),
    actor: actorOf(token),
    peer: peerOf(exchange, { host: undefined }),
    token: tokenOf(token),
    grant: id,
  });
  throw new WardenError('GRANT_SPENT', { sentence: `${job} (grant ${id}; ${exchange.id})` });
}

/** What a record says of the job: claimed by whoever asked for the grant, and checked by nobody. */
export function claimsOf(
  grant: PushGrant | undefined,
): Pick<PushIntent, 'grant' | 'build' | 'source' | 'operator'> {
  if (grant === undefined) return {};
  const { project, job, number, url, commit, ref, uri, operator } = grant.job;
  const evidence = 'claimed' as const;
  const build = {
    ...(project !== undefined && { project }),
    ...(job !== undefined && { job }),
    ...(number !== undefined && { number }),
    ...(url !== undefined && { url }),
  };
  const source = {
    ...(uri !== undefined && { uri }),
    ...(commit !== undefined && { commit }),
    ...(ref !== undefined && { ref }),
  };
  return {
    grant: grant.id,
    ...(Object.keys(build).length > 0 && { build: { ...build, evidence } }),
    ...(Object.keys(source).length > 0 && { source: { ...source, evidence } }),
    ...(operator !== undefined && { operator: { name: operator, evidence } }),
  };
}
