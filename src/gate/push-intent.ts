/** What is recorded of a push before the registry is asked. */
import type { Reference } from '../protocol/names.ts';
import type { PushIntent } from '../provenance/record.ts';
import { buildOf, metaOf } from './build-facts.ts';
import type { Judgement } from './deps.ts';
import { imageFactsOf, LAYERS_KEPT } from './image-facts.ts';
import { claimsOf, type PushGrant } from './push-grant.ts';
import type { PushKey } from './pushes-under-way.ts';
import { actorOf, peerOf, policyOf, tokenOf } from './record-facts.ts';
import type { Content, Pushing } from './store-manifest.ts';

export interface Judged {
  readonly judgement: Judgement;
  /** The digest that the tag showed just before. */
  readonly from: string | undefined;
  readonly grant: PushGrant | undefined;
}

export function makeIntent(
  pushing: Pushing,
  content: Content,
  { judgement, from, grant }: Judged,
): PushIntent {
  const { deps, underWay, exchange, token, request } = pushing;
  const { manifest, digest, bytes } = content;
  const parts = [...(manifest.config ? [manifest.config] : []), ...manifest.layers];
  const mounted = underWay.mountsAmong(keyOf(pushing), new Set(parts.map((part) => part.digest)));
  return {
    id: deps.recorder.newId(),
    began: new Date(deps.now()).toISOString(),
    subject: {
      repo: request.repository,
      digest,
      size: bytes.length,
      mediaType: manifest.mediaType,
      ...(manifest.artifactType && { artifactType: manifest.artifactType }),
      ...(manifest.config && {
        config: manifest.config.digest,
        layers: manifest.layers.length,
        layerBytes: manifest.layers.reduce((sum, layer) => sum + layer.size, 0),
        ...(manifest.layers.length > 0 &&
          manifest.layers.length <= LAYERS_KEPT && {
            layerDigests: manifest.layers.map((layer) => layer.digest),
          }),
      }),
      ...(manifest.children.length > 0 && {
        children: manifest.children.map((child) => ({
          digest: child.digest,
          ...(child.platform && { platform: child.platform }),
        })),
      }),
      ...(manifest.subject && { of: manifest.subject.digest }),
    },
    ...tagOf(request.reference, from),
    actor: actorOf(token),
    peer: peerOf(exchange, judgement.decision),
    token: tokenOf(token),
    ...imageFactsOf(content, request.reference, mounted),
    ...claimsOf(grant),
    // Behind the claims: what the build's token proves takes their place.
    ...buildOf(token.subject),
    ...metaOf(exchange.request.headers),
    policy: policyOf(judgement, deps.policyDigest(), exchange.id),
    push: underWay.part(keyOf(pushing)),
    ...(mounted.length > 0 && { mounted }),
  };
}

function tagOf(reference: Reference, from: string | undefined): Pick<PushIntent, 'tag'> {
  return 'tag' in reference ? { tag: { name: reference.tag, ...(from !== undefined && { from }) } } : {};
}

export function keyOf({
  exchange,
  token,
  request,
}: Pick<Pushing, 'exchange' | 'token'> & { request: { repository: string } }): PushKey {
  const { repository } = request;
  const { jti, expiresAt } = token;
  return { repository, subject: token.subject.name, address: exchange.client.address, jti, expiresAt };
}
