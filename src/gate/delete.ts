/** Deletions: policy, then Warden's own switch, then the registry, then the record, then the answer. */
import { WardenError } from '../errors.ts';
import type { RegistryRequest } from '../protocol/request.ts';
import { writeTarget } from '../protocol/request.ts';
import type { RecordDraft } from '../provenance/record.ts';
import { headersToClient, headersToRegistry } from '../upstream/headers.ts';
import type { Judgement } from './deps.ts';
import { originOf } from './origin.ts';
import { requireRecord } from './push-manifest.ts';
import { actorOf, peerOf, policyOf } from './record-facts.ts';
import { forgetReferrer, subjectOf } from './referrers.ts';
import type { Pushing } from './store-manifest.ts';

export type Deletion = Extract<RegistryRequest, { route: 'manifest' | 'blob' }> & {
  readonly method: 'DELETE';
};

/** In bytes, of the registry's answer. */
const ANSWER_LIMIT = 65_536;

/** @throws {WardenError} METHOD_UNSUPPORTED while deletes are switched off, which is recorded as a refusal. */
export async function deleteContent(
  asking: Omit<Pushing, 'request'>,
  request: Deletion,
  judgement: Judgement,
): Promise<void> {
  const { deps, exchange, token } = asking;
  const facts = {
    actor: actorOf(token),
    peer: peerOf(exchange, judgement.decision.host),
    token: { ip: token.address },
    policy: policyOf(judgement, deps.policyDigest(), exchange.id),
  };
  const tag = request.route === 'manifest' && 'tag' in request.reference ? request.reference.tag : undefined;
  if (!deps.settings.deletes) {
    const where = { subject: { repo: request.repository }, ...(tag !== undefined && { tag: { name: tag } }) };
    deps.recorder.refused({ action: 'delete', reason: 'METHOD_UNSUPPORTED', ...where, ...facts });
    throw new WardenError('METHOD_UNSUPPORTED', { sentence: 'deletes are switched off in this registry' });
  }
  requireRecord(deps);
  const reference = tag ?? digestOf(request);
  const subject =
    request.route === 'manifest' && tag === undefined
      ? await subjectOf(deps.registry, request.repository, reference)
      : undefined;
  const answer = await deps.recorder.withLock(request.repository, reference, async () => {
    const from = tag === undefined ? undefined : await deps.registry.lookTag(request.repository, tag);
    const answer = await deps.registry
      .exchange(
        {
          method: 'DELETE',
          target: writeTarget(request),
          headers: headersToRegistry(exchange.request.headers, originOf(exchange)),
          subject: token.subject.name,
          access: [{ type: 'repository', name: request.repository, actions: ['delete'] }],
          body: 'none',
        },
        { limitBytes: ANSWER_LIMIT, timeoutMs: deps.settings.responseTimeoutMs },
      )
      .catch((cause: unknown) => {
        throw new WardenError('REGISTRY_UNAVAILABLE', { cause });
      });
    if (answer.status === 202) {
      await deps.recorder.append(
        draftOf(request, tag, from, { ...facts, backend: { status: answer.status } }),
      );
    }
    return answer;
  });
  if (answer.status === 202 && subject !== undefined) {
    await forgetReferrer(asking, { repository: request.repository, subject, digest: reference }, judgement);
  }
  const body = Buffer.from(answer.bytes ?? []);
  exchange.response.writeHead(answer.status, {
    ...headersToClient(answer.headers),
    'content-length': body.length,
  });
  exchange.response.end(body);
}

function digestOf(request: Deletion): string {
  if (request.route === 'blob') return request.digest;
  return 'digest' in request.reference ? request.reference.digest : '';
}

type Facts = Pick<
  Extract<RecordDraft, { type: 'manifest.deleted' }>,
  'actor' | 'peer' | 'token' | 'policy' | 'backend'
>;

function draftOf(
  request: Deletion,
  tag: string | undefined,
  from: string | undefined,
  facts: Facts,
): RecordDraft {
  const repo = request.repository;
  if (tag !== undefined) {
    const digest = from === undefined ? {} : { digest: from };
    return {
      type: 'tag.deleted',
      subject: { repo, ...digest },
      tag: { name: tag, ...(from && { from }) },
      ...facts,
    };
  }
  const type = request.route === 'blob' ? 'blob.deleted' : 'manifest.deleted';
  return { type, subject: { repo, digest: digestOf(request) }, ...facts };
}
