/** What Warden judges and sends of a request, in the words in which the registry says what it understands. */

import { plainMediaType } from '../../src/protocol/manifest.ts';
import { referenceText } from '../../src/protocol/names.ts';
import { type RegistryRequest, readRequest, writeTarget } from '../../src/protocol/request.ts';
import { headersToRegistry } from '../../src/upstream/headers.ts';
import type { RawRequest } from './corpus.ts';

export interface Judged {
  readonly request: RegistryRequest;
  /** As the oracle gives it; undefined for a route that the registry has not. */
  readonly access: readonly string[] | undefined;
  readonly name: string | undefined;
  readonly reference: string | undefined;
  /** What goes to the registry, built as the gate builds it. */
  readonly sent: RawRequest;
}

/** @returns undefined where Warden refuses, or answers by itself. */
export function judge(raw: RawRequest): Judged | undefined {
  const rawHeaders = [
    'Host',
    'registry.example',
    ...raw.headers.flat(),
    ...(raw.body === '' ? [] : ['Content-Length', String(raw.body.length)]),
  ];
  const reading = readRequest({ method: raw.method, target: raw.target, rawHeaders });
  if (!reading.ok) return undefined;
  const { request } = reading;
  if (request.route.startsWith('upload') && isForm(raw)) return undefined;
  return {
    request,
    access: accessFor(request),
    name: 'repository' in request && request.route !== 'referrers' ? request.repository : undefined,
    reference: referenceFor(request),
    sent: sendingOf(request, raw),
  };
}

function accessFor(request: RegistryRequest): readonly string[] | undefined {
  switch (request.route) {
    case 'base':
      return [];
    case 'catalog':
      return ['registry:catalog:*'];
    case 'referrers':
      return undefined;
    case 'tags':
      return [`repository:${request.repository}:pull`];
    default: {
      const of = (action: string): string => `repository:${request.repository}:${action}`;
      const from = 'mount' in request && request.mount ? [`repository:${request.mount.from}:pull`] : [];
      if (request.method === 'DELETE') return [of('delete')];
      if (request.method === 'GET' || request.method === 'HEAD') return [of('pull')];
      return [...new Set([of('pull'), of('push'), ...from])].sort();
    }
  }
}

function referenceFor(request: RegistryRequest): string | undefined {
  switch (request.route) {
    case 'manifest':
      return referenceText(request.reference);
    case 'blob':
      return request.digest;
    case 'upload':
      return request.session;
    default:
      return undefined;
  }
}

function sendingOf(request: RegistryRequest, raw: RawRequest): RawRequest {
  const client: Record<string, string> = {};
  for (const [name, value] of raw.headers) {
    const key = name.toLowerCase();
    client[key] = client[key] === undefined ? value : `${client[key]}, ${value}`;
  }
  const { 'user-agent': _agent, ...crossing } = headersToRegistry(client, {
    address: '192.0.2.7',
    requestId: 'x',
  });
  const bodiless = ['GET', 'HEAD', 'DELETE'].includes(request.method);
  if (request.route === 'upload-start' || (request.route === 'upload' && !bodiless)) {
    crossing['content-type'] = 'application/octet-stream';
  }
  if (request.route === 'manifest' && request.method === 'PUT') {
    crossing['content-type'] = 'application/vnd.oci.image.manifest.v1+json';
  }
  return {
    method: request.method,
    target: writeTarget(request),
    headers: Object.entries(crossing).map(([name, value]) => [name, String(value)] as const),
    body: bodiless ? '' : raw.body,
  };
}

function isForm({ headers }: RawRequest): boolean {
  const type = plainMediaType(headers.find(([name]) => name.toLowerCase() === 'content-type')?.[1]);
  return type === 'application/x-www-form-urlencoded' || type.startsWith('multipart/');
}
