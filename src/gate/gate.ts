/**
 * The gate: the only place that knows the order of steps for a registry request.
 *
 *     read -> authenticate -> authorize -> (manifest: judge, intend, put, conclude | offload | forward) -> count
 */
import { WardenError } from '../errors.ts';
import { plainMediaType } from '../protocol/manifest.ts';
import { type RegistryRequest, readRequest, readTarget, writeTarget } from '../protocol/request.ts';
import { forward } from '../upstream/forward.ts';
import { acceptSchema2, headersToRegistry } from '../upstream/headers.ts';
import type { UpstreamAccess } from '../upstream/send.ts';
import { answerJson } from './answer-json.ts';
import { authenticate, authorize, mayPull, questionOf } from './authorize.ts';
import { readCatalog } from './catalog.ts';
import { type Deletion, deleteContent } from './delete.ts';
import type { GateDeps, VerifiedToken } from './deps.ts';
import type { Exchange, Summary } from './exchange.ts';
import { needOf } from './needs.ts';
import { offloadBlob } from './offload.ts';
import { originOf } from './origin.ts';
import { keyOf } from './push-intent.ts';
import { pushManifest, requireRecord } from './push-manifest.ts';
import { createPushesUnderWay, type PushesUnderWay } from './pushes-under-way.ts';
import { serveReferrers } from './referrers.ts';
import type { ManifestPut } from './store-manifest.ts';
import { serveTags } from './tags.ts';
import type { UploadOwner } from './upload-seal.ts';

/** What `/v2/` answers. */
const NOTHING = Buffer.from('{}');

export type Gate = (exchange: Exchange, summary: Summary) => Promise<void>;

/** @returns the handler; it throws what is to be answered as an error, and has answered otherwise. */
export function createGate(deps: GateDeps): Gate {
  const underWay = createPushesUnderWay(deps.recorder.newId, deps.now);
  return async function gate(exchange, summary) {
    const { request, response } = exchange;
    const reading = readRequest({
      method: request.method ?? '',
      target: request.url ?? '',
      rawHeaders: request.rawHeaders,
    });
    if (!reading.ok) {
      if ('redirect' in reading) {
        response.writeHead(301, { Location: reading.redirect, 'Content-Length': 0 }).end();
        return;
      }
      const { error, ...rest } = reading.refusal;
      throw new WardenError(error, rest);
    }
    const parsed = reading.request;
    summary.route = parsed.route;
    if ('repository' in parsed) summary.repository = parsed.repository;
    deps.metrics.inFlight(parsed.route, 1);
    response.once('close', () => deps.metrics.inFlight(parsed.route, -1));
    await serve(deps, underWay, exchange, summary, parsed);
  };
}

async function serve(
  deps: GateDeps,
  underWay: PushesUnderWay,
  exchange: Exchange,
  summary: Summary,
  request: RegistryRequest,
): Promise<void> {
  const need = needOf(request);
  const token = authenticate(deps, exchange, need);
  summary.subject = token.subject.name;
  if (need === undefined || request.route === 'base') return answerJson(exchange, NOTHING);
  summary.action = need.action;
  const judgement = authorize(deps, exchange, token, need, summary);
  deps.metrics.stage('decide', request.route, performance.now() - exchange.started);

  const asking = { deps, underWay, exchange, summary, token };
  switch (request.route) {
    case 'catalog':
      return catalog(deps, exchange, token, request);
    case 'manifest':
      if (request.method === 'PUT') {
        return pushManifest({ ...asking, request: request as ManifestPut });
      }
      if (request.method === 'DELETE') return deleteContent(asking, request as Deletion, judgement);
      return pullManifest(deps, exchange, summary, token, request, judgement.decision.host);
    case 'blob':
      if (request.method === 'DELETE') return deleteContent(asking, request as Deletion, judgement);
      if (await offloadBlob(deps, exchange, summary, token, request)) return;
      return pass(deps, exchange, summary, token, request, ['pull']);
    case 'upload-start':
      return startUpload(deps, underWay, exchange, summary, token, request);
    case 'upload':
      return continueUpload(deps, underWay, exchange, summary, token, request);
    case 'tags':
      return serveTags(deps, exchange, token, request);
    case 'referrers':
      return serveReferrers(deps, exchange, token, request);
  }
}

async function startUpload(
  deps: GateDeps,
  underWay: PushesUnderWay,
  exchange: Exchange,
  summary: Summary,
  token: VerifiedToken,
  request: Extract<RegistryRequest, { route: 'upload-start' }>,
): Promise<void> {
  requireRecord(deps);
  refuseForms(exchange);
  underWay.uploading(keyOf({ exchange, token, request }));
  const { mount, ...plain } = request;
  const owner = beganBy(exchange, token, deps.now());
  // Refusing a mount with 403 would end the push in docker and buildkit; a plain start makes every client upload.
  if (mount === undefined || !mayPull(deps, exchange, token, mount.from)) {
    return pass(deps, exchange, summary, token, plain, ['pull', 'push'], { owner });
  }
  const source: UpstreamAccess = { type: 'repository', name: mount.from, actions: ['pull'] };
  return pass(deps, exchange, summary, token, request, ['pull', 'push'], {
    owner,
    also: [source],
    onStatus(status) {
      if (status === 201) underWay.mounted(keyOf({ exchange, token, request }), mount);
    },
  });
}

async function continueUpload(
  deps: GateDeps,
  underWay: PushesUnderWay,
  exchange: Exchange,
  summary: Summary,
  token: VerifiedToken,
  request: Extract<RegistryRequest, { route: 'upload' }>,
): Promise<void> {
  requireRecord(deps);
  refuseForms(exchange);
  const owner = deps.seals.open(request, request.seal);
  if (owner?.subject !== token.subject.name || owner.kind !== token.subject.kind)
    throw new WardenError('UPLOAD_UNKNOWN');
  underWay.uploading(keyOf({ exchange, token, request }));
  // The registry asks for `delete` where a client cancels its own upload, which is part of pushing.
  const actions = request.method === 'DELETE' ? ['pull', 'push', 'delete'] : ['pull', 'push'];
  return pass(deps, exchange, summary, token, request, actions, { owner });
}

async function pullManifest(
  deps: GateDeps,
  exchange: Exchange,
  summary: Summary,
  token: VerifiedToken,
  request: Extract<RegistryRequest, { route: 'manifest' }>,
  host: string | undefined,
): Promise<void> {
  // Under a tag stands only what was pushed as a manifest.
  const { reference } = request;
  if ('digest' in reference) await deps.manifests.require(request.repository, reference.digest);
  await pass(deps, exchange, summary, token, request, ['pull'], {
    onStatus(status, digest) {
      if (status !== 200 || digest === undefined) return;
      const asked = {
        subject: token.subject.name,
        address: exchange.client.address,
        repository: request.repository,
        digest,
      };
      const tag = 'tag' in reference ? reference.tag : deps.askedTags.tagOf(asked);
      if ('tag' in reference) deps.askedTags.asked(asked, reference.tag);
      deps.inventory.count({
        ...asked,
        host,
        reference: tag ?? digest,
        head: request.method === 'HEAD',
        client: exchange.request.headers['user-agent'],
      });
    },
  });
}

async function catalog(
  deps: GateDeps,
  exchange: Exchange,
  token: VerifiedToken,
  request: Extract<RegistryRequest, { route: 'catalog' }>,
): Promise<void> {
  const page = await readCatalog(deps.registry, request, {
    judge: (action, repository) =>
      deps.decide(questionOf(deps, exchange, token, { repository, actions: [action], tag: undefined })),
    gone: () => exchange.response.destroyed,
  });
  answerJson(
    exchange,
    Buffer.from(JSON.stringify({ repositories: page.repositories })),
    page.link === undefined ? {} : { Link: page.link },
  );
}

interface PassOptions {
  readonly also?: readonly UpstreamAccess[];
  /** Of an upload: goes sealed into its `Location`. */
  readonly owner?: UploadOwner;
  /** Called with the registry's status and digest before the answer goes out. */
  readonly onStatus?: (status: number, digest: string | undefined) => void;
}

/** Sends on what was read and judged, and streams the answer back. */
async function pass(
  deps: GateDeps,
  exchange: Exchange,
  summary: Summary,
  token: VerifiedToken,
  request: Exclude<RegistryRequest, { route: 'base' | 'catalog' }>,
  actions: readonly string[],
  { also = [], owner, onStatus }: PassOptions = {},
): Promise<void> {
  const content = request.method === 'PATCH' || request.method === 'PUT';
  const carriesBody = content || request.method === 'POST';
  const headers = headersToRegistry(exchange.request.headers, originOf(exchange));
  // The registry reads forms, and obeys them over the query; what is an upload is sent as one.
  if (carriesBody) headers['content-type'] = 'application/octet-stream';
  if (request.route === 'manifest') acceptSchema2(headers);
  if (exchange.expectsContinue) exchange.response.writeContinue();
  const done = await forward(deps.registry, {
    send: {
      method: request.method,
      target: writeTarget(request),
      headers,
      subject: token.subject.name,
      access: [{ type: 'repository', name: request.repository, actions }, ...also],
    },
    body: carriesBody ? 'client' : 'none',
    request: exchange.request,
    response: exchange.response,
    redirectHosts: deps.settings.redirectHosts,
    idleTimeoutMs: deps.settings.idleTimeoutMs,
    responseTimeoutMs: content ? deps.settings.commitTimeoutMs : deps.settings.responseTimeoutMs,
    onHead(status, head) {
      const digest = head['docker-content-digest'];
      onStatus?.(status, typeof digest === 'string' ? digest : undefined);
      const { location } = head;
      if (typeof location !== 'string') return;
      if (!isOf(request, location)) {
        throw new WardenError('REGISTRY_MISBEHAVED', {
          sentence: 'the registry sends clients to another repository or upload than they asked for',
        });
      }
      if (owner) head['location'] = deps.seals.sealLocation(location, owner);
    },
  });
  summary.bytesIn += done.bytesIn;
  summary.bytesOut += done.bytesOut;
  deps.metrics.stage('registry', request.route, done.firstByteMs);
  deps.metrics.stage('transfer', request.route, done.totalMs - done.firstByteMs);
}

/**
 * Whether the place is of the repository that was asked for, and of the upload that was asked for. The seal of an upload
 * is made for the place the registry names, so it must not be able to name another.
 */
function isOf(
  request: { readonly repository: string; readonly session?: string },
  location: string,
): boolean {
  // A listed blob store.
  if (!location.startsWith('/')) return true;
  const reading = readTarget('GET', location);
  if (!reading.ok || !('repository' in reading.request)) return false;
  const place: { readonly repository: string; readonly session?: string } = reading.request;
  if (place.repository !== request.repository) return false;
  return place.session === undefined || request.session === undefined || place.session === request.session;
}

function beganBy({ client }: Exchange, { subject }: VerifiedToken, now: number): UploadOwner {
  return { subject: subject.name, kind: subject.kind, address: client.address, began: now };
}

/** @throws {WardenError} BODY_TYPE_REFUSED: the registry would read `mount`, `from` and `digest` out of such a body. */
function refuseForms({ request }: Exchange): void {
  const type = plainMediaType(request.headers['content-type']);
  if (type === 'application/x-www-form-urlencoded' || type.startsWith('multipart/')) {
    throw new WardenError('BODY_TYPE_REFUSED');
  }
}
