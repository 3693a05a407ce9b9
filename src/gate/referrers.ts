/**
 * What refers to a manifest, for registries that do not say it themselves: read from, and kept right in, the image index
 * under the tag that the specification gives it. Clients that keep that index themselves go on doing so; those that are
 * answered with `OCI-Subject` need not.
 *
 * The index is written by Warden and not by the client, so no rule about tags is asked for it: who may push a manifest
 * may say in it what it refers to. It is recorded as a push of the same actor, made by Warden.
 */
import { WardenError } from '../errors.ts';
import { digestOf } from '../protocol/digest.ts';
import { MANIFEST_LIMIT, MANIFEST_TYPES, readManifest } from '../protocol/manifest.ts';
import { isDigest } from '../protocol/names.ts';
import {
  NO_REFERRERS,
  ofArtifactType,
  type Referrers,
  readReferrers,
  referrerOf,
  referrersTag,
  withoutReferrer,
  withReferrer,
  writeReferrers,
} from '../protocol/referrers.ts';
import { type RegistryRequest, writeTarget } from '../protocol/request.ts';
import { headersToClient } from '../upstream/headers.ts';
import { linkForClient } from '../upstream/location.ts';
import type { Registry } from '../upstream/registry.ts';
import type { GateDeps, Judgement, VerifiedToken } from './deps.ts';
import type { Exchange } from './exchange.ts';
import { askingHeaders } from './origin.ts';
import { ownContent } from './own-content.ts';
import { makeIntent } from './push-intent.ts';
import { type ClientAnswer, type Content, type Pushing, storeManifest } from './store-manifest.ts';

/** Milliseconds that a push waits while others write the same index. */
const WAIT_MS = 10_000;

/** Answers as the registry does, where it has the route, and from the index under the tag otherwise. */
export async function serveReferrers(
  deps: GateDeps,
  exchange: Exchange,
  token: VerifiedToken,
  request: Extract<RegistryRequest, { route: 'referrers' }>,
): Promise<void> {
  const { registry } = deps;
  const theirs = await registry.ask(
    {
      method: 'GET',
      target: writeTarget(request),
      headers: askingHeaders(exchange),
      subject: token.subject.name,
      access: [{ type: 'repository', name: request.repository, actions: ['pull'] }],
      body: 'none',
    },
    MANIFEST_LIMIT,
  );
  if (theirs.status === 200 && theirs.bytes !== undefined) {
    const { link } = theirs.headers;
    const rewritten = typeof link === 'string' ? linkForClient(link, registry.url) : undefined;
    return answer(exchange, theirs.bytes, {
      ...headersToClient(theirs.headers),
      ...(rewritten !== undefined && { link: rewritten }),
    });
  }
  if (theirs.status !== 404) {
    const what = `GET ${writeTarget(request)}: status ${theirs.status}`;
    throw new WardenError('REGISTRY_UNAVAILABLE', { cause: new Error(what) });
  }
  const { artifactType } = request;
  const list = (await listOf(registry, request.repository, request.digest))?.list;
  if (list === undefined)
    exchange.log.warn({ digest: request.digest }, 'the tag of its referrers shows no index');
  // What cannot be read as a list in one way only is none.
  const known: Referrers = { ...NO_REFERRERS, manifests: list?.manifests ?? [] };
  const shown = artifactType === undefined ? known : ofArtifactType(known, artifactType);
  return answer(exchange, writeReferrers(shown) ?? Buffer.alloc(0), {
    'content-type': MANIFEST_TYPES.ociIndex,
    ...(artifactType !== undefined && { 'oci-filters-applied': 'artifactType' }),
  });
}

/**
 * Lists an accepted manifest at what it refers to, unless the registry does.
 *
 * @returns the digest for `OCI-Subject`; undefined where the client must see to the list itself. Never throws: the
 *   manifest is stored and recorded.
 */
export async function nameReferrer(
  pushing: Pushing,
  { bytes, digest, manifest }: Content,
  judgement: Judgement,
  { headers }: Pick<ClientAnswer, 'headers'>,
): Promise<string | undefined> {
  const subject = manifest.subject?.digest;
  if (subject === undefined || !isDigest(subject) || headers['oci-subject'] !== undefined) return undefined;
  const referrer = referrerOf(bytes, digest, manifest);
  return changeList(pushing, subject, judgement, (list) => withReferrer(list, referrer));
}

/** Takes a deleted manifest off the list of what it referred to. Never throws. */
export async function forgetReferrer(
  pushing: Omit<Pushing, 'request'>,
  { repository, subject, digest }: { repository: string; subject: string; digest: string },
  judgement: Judgement,
): Promise<void> {
  const request = { route: 'manifest', method: 'PUT', repository, reference: { digest } } as const;
  await changeList({ ...pushing, request }, subject, judgement, (list) => withoutReferrer(list, digest));
}

/** @returns what the manifest of this digest refers to, for `forgetReferrer`, before it is deleted. */
export async function subjectOf(
  registry: Registry,
  repository: string,
  digest: string,
): Promise<string | undefined> {
  const found = await registry.readManifest(repository, digest);
  const read = found?.bytes && readManifest(found.bytes, found.headers['content-type']);
  const subject = read?.ok ? read.manifest.subject?.digest : undefined;
  return subject !== undefined && isDigest(subject) ? subject : undefined;
}

async function changeList(
  pushing: Pushing,
  subject: string,
  judgement: Judgement,
  change: (list: Referrers) => Referrers,
): Promise<string | undefined> {
  const { deps, exchange } = pushing;
  const { repository } = pushing.request;
  const tag = referrersTag(subject);
  const request = { route: 'manifest', method: 'PUT', repository, reference: { tag } } as const;
  const writing: Pushing = { ...pushing, request };
  try {
    return await deps.recorder.withLock(
      repository,
      tag,
      async (hold) => {
        const found = await listOf(deps.registry, repository, subject);
        const list = found && change(found.list);
        if (found === undefined || list === undefined || list === found.list) return found && subject;
        const bytes = writeReferrers(list);
        if (bytes === undefined) {
          exchange.log.warn(
            { repository, tag },
            'the list of referrers is full: one is stored, and not listed',
          );
          return undefined;
        }
        const content = ownContent(bytes, MANIFEST_TYPES.ociIndex);
        await deps.recorder.reconcileTag(repository, tag, found.digest);
        const intent = makeIntent(writing, content, { judgement, from: found.digest, grant: undefined });
        const { status } = await storeManifest(writing, content, { ...intent, madeBy: 'warden' }, hold);
        return status === 201 ? subject : undefined;
      },
      AbortSignal.timeout(WAIT_MS),
    );
  } catch (error) {
    exchange.log.warn({ err: error, repository, tag }, 'the list of referrers could not be kept');
    return undefined;
  }
}

/** @returns undefined where the tag shows something else than a list; an empty list, without digest, where there is none. */
export async function listOf(
  registry: Registry,
  repository: string,
  subject: string,
): Promise<{ readonly list: Referrers; readonly digest: string | undefined } | undefined> {
  const found = await registry.readManifest(repository, referrersTag(subject));
  if (found === undefined) return { list: NO_REFERRERS, digest: undefined };
  if (found.bytes === undefined) return undefined;
  const list = readReferrers(found.bytes, found.headers['content-type']);
  return list && { list, digest: digestOf(found.bytes) };
}

function answer({ response }: Exchange, bytes: Uint8Array, headers: Record<string, unknown>): void {
  response.writeHead(200, { ...headers, 'content-length': bytes.length } as Record<string, string | number>);
  response.end(bytes);
}
