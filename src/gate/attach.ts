/**
 * Puts an attestation of Warden's own beside the image that it is about: as an artifact that refers to it. It goes the
 * way of a push: judged by policy as an untagged manifest of whoever asks for it, on record before the registry has it,
 * and listed where a registry lists nothing itself.
 *
 * @see https://github.com/opencontainers/image-spec/blob/main/manifest.md#guidelines-for-artifact-usage
 */
import { WardenError } from '../errors.ts';
import { digestOf } from '../protocol/digest.ts';
import { MANIFEST_TYPES } from '../protocol/manifest.ts';
import type { PushIntent } from '../provenance/record.ts';
import { locationForClient } from '../upstream/location.ts';
import type { Registry } from '../upstream/registry.ts';
import type { Answer } from '../upstream/send.ts';
import { authorize } from './authorize.ts';
import type { GateDeps, VerifiedToken } from './deps.ts';
import type { Exchange, Summary } from './exchange.ts';
import { knownReferrers } from './known-referrers.ts';
import { needOf } from './needs.ts';
import { ownContent } from './own-content.ts';
import { admitGrant } from './push-grant.ts';
import { makeIntent } from './push-intent.ts';
import { requireRecord } from './push-manifest.ts';
import type { PushesUnderWay } from './pushes-under-way.ts';
import { nameReferrer } from './referrers.ts';
import { type Content, type Pushing, storeManifest } from './store-manifest.ts';

export interface Attaching {
  readonly deps: GateDeps;
  readonly underWay: PushesUnderWay;
  readonly exchange: Exchange;
  readonly summary: Summary;
  /** Who asks for it; what it may do is the policy's to say. */
  readonly token: Omit<VerifiedToken, 'access'>;
}

export interface ToAttach {
  readonly repository: string;
  /** What it is about. */
  readonly subject: { readonly digest: string; readonly mediaType: string; readonly size: number };
  readonly mediaType: string;
  readonly bytes: Uint8Array;
  /** Found again by these, so that the same is not attached twice. */
  readonly annotations: Readonly<Record<string, string>>;
}

export interface Attached {
  readonly digest: string;
  /** It was there before. */
  readonly already: boolean;
}

const EMPTY = Buffer.from('{}');
const EMPTY_TYPE = 'application/vnd.oci.empty.v1+json';
const ANSWER_LIMIT = 65_536;
const WAIT_MS = 30_000;

/** @throws {WardenError} as a push of the same manifest would: POLICY_DENIED, RECORD_UNAVAILABLE, OUTCOME_UNKNOWN, … */
export async function attach(attaching: Attaching, wanted: ToAttach): Promise<Attached> {
  const { deps, exchange, summary } = attaching;
  const { repository, subject } = wanted;
  requireRecord(deps);
  const access = [{ type: 'repository', name: repository, actions: ['pull', 'push'] }];
  const token: VerifiedToken = { ...attaching.token, access };
  const content = contentOf(wanted);
  const request = {
    route: 'manifest',
    method: 'PUT',
    repository,
    reference: { digest: content.digest },
  } as const;
  const need = needOf(request);
  if (need === undefined) throw new WardenError('INTERNAL');
  const judgement = authorize(deps, exchange, token, need, summary);
  if (!(await deps.registry.lookDigest(repository, subject.digest))) {
    throw new WardenError('MANIFEST_UNKNOWN', {
      sentence: `the registry has no ${repository}@${subject.digest} any more`,
    });
  }
  const before = (await knownReferrers(deps.registry, repository, subject.digest)).find((referrer) => {
    const annotations = (referrer['annotations'] ?? {}) as Readonly<Record<string, unknown>>;
    return Object.entries(wanted.annotations).every(([name, value]) => annotations[name] === value);
  });
  if (before) return { digest: before.digest, already: true };
  for (const bytes of [EMPTY, wanted.bytes]) await storeBlob(deps, token, repository, bytes);
  const pushing: Pushing = { ...attaching, token, request };
  return deps.recorder.withLock(
    repository,
    content.digest,
    async (hold) => {
      const grant = await admitGrant(pushing, content.digest);
      const intent: PushIntent = {
        ...makeIntent(pushing, content, { judgement, from: undefined, grant }),
        madeBy: 'warden',
      };
      const answer = await storeManifest(pushing, content, intent, hold);
      if (answer.status !== 201) throw unexpected('the manifest of an attestation', answer);
      await nameReferrer(pushing, content, judgement, answer);
      return { digest: content.digest, already: false };
    },
    AbortSignal.timeout(WAIT_MS),
  );
}

function contentOf({ subject, mediaType, bytes: layer, annotations }: ToAttach): Content {
  const bytes = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: MANIFEST_TYPES.ociManifest,
      artifactType: mediaType,
      config: { mediaType: EMPTY_TYPE, digest: digestOf(EMPTY), size: EMPTY.length },
      layers: [{ mediaType, digest: digestOf(layer), size: layer.length }],
      subject: { mediaType: subject.mediaType, digest: subject.digest, size: subject.size },
      annotations,
    }),
  );
  return ownContent(bytes, MANIFEST_TYPES.ociManifest);
}

async function storeBlob(
  { registry, settings }: Pick<GateDeps, 'registry' | 'settings'>,
  { subject }: Pick<VerifiedToken, 'subject'>,
  repository: string,
  bytes: Uint8Array,
): Promise<void> {
  const digest = digestOf(bytes);
  if (await registry.lookBlob(repository, digest)) return;
  const common = {
    headers: {},
    subject: subject.name,
    access: [{ type: 'repository', name: repository, actions: ['pull', 'push'] }],
  } as const;
  const bounds = { limitBytes: ANSWER_LIMIT, timeoutMs: settings.responseTimeoutMs };
  const begun = await exchangeWith(registry, bounds, {
    ...common,
    method: 'POST',
    target: `/v2/${repository}/blobs/uploads/`,
    body: { bytes: new Uint8Array() },
  });
  const location = begun.headers.location;
  const place = begun.status === 202 && location ? locationForClient(location, registry.url, []) : undefined;
  if (place === undefined) throw unexpected('the beginning of an upload', begun);
  const ended = await exchangeWith(registry, bounds, {
    ...common,
    headers: { 'content-type': 'application/octet-stream' },
    method: 'PUT',
    target: `${place}${place.includes('?') ? '&' : '?'}digest=${encodeURIComponent(digest)}`,
    body: { bytes },
  });
  if (ended.status !== 201) throw unexpected('the upload of an attestation', ended);
}

async function exchangeWith(
  registry: Registry,
  bounds: Parameters<Registry['exchange']>[1],
  send: Parameters<Registry['exchange']>[0],
): Promise<Answer> {
  try {
    return await registry.exchange(send, bounds);
  } catch (cause) {
    throw new WardenError('REGISTRY_UNAVAILABLE', { cause });
  }
}

function unexpected(what: string, { status }: { readonly status: number }): WardenError {
  return new WardenError('REGISTRY_UNAVAILABLE', { cause: new Error(`${what}: status ${status}`) });
}
