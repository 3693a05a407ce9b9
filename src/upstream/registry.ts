/**
 * The connection to the registry: single requests with Warden's own token, and the look-ups that decisions need.
 *
 * The registry is trusted to store what it says it stored, and not with anything that reaches a client unread.
 */
import { createHash } from 'node:crypto';
import http, { type ClientRequest, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http';
import https from 'node:https';
import { WardenError } from '../errors.ts';
import { ACCEPT_MANIFESTS, MANIFEST_LIMIT } from '../protocol/manifest.ts';
import { isDigest, isRepository } from '../protocol/names.ts';
import { createFastLane, type FastLane } from './fast-lane.ts';
import { readAfterReset } from './read-after-reset.ts';

/** One entry of the token for the registry; the registry takes these words literally. */
export interface UpstreamAccess {
  readonly type: 'repository' | 'registry';
  readonly name: string;
  readonly actions: readonly string[];
}

/** Signs a token that the registry trusts, for exactly this access. `subject` becomes `actor.name` of its notifications. */
export type SignUpstream = (subject: string, access: readonly UpstreamAccess[]) => string;

export interface RegistryOptions {
  readonly url: URL;
  readonly sign: SignUpstream;
  /** How long the registry may take until the head of its answer, for what has no body. */
  readonly responseTimeoutMs: number;
  /**
   * Connections that are open at once, of each of three kinds: pulls, other requests without a body, requests with one.
   * Beyond them requests wait, as long as the registry may take to answer. 2048 unless given.
   */
  readonly connections?: number;
}

/** Twice what one client address has under way at most (see http/server), so that no single one takes all. */
const CONNECTIONS = 2048;

export interface Send {
  readonly method: string;
  readonly target: string;
  readonly headers: OutgoingHttpHeaders;
  readonly subject: string;
  readonly access: readonly UpstreamAccess[];
  /** The body's framing. `stream` leaves the returned request open for the caller to write and end. */
  readonly body: 'none' | { readonly bytes: Uint8Array } | { readonly stream: number | 'chunked' };
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Undefined when larger than the limit. */
  readonly bytes: Uint8Array | undefined;
}

/** A page of the catalogue as the registry has it. */
export interface NamesPage {
  /** In the registry's order, without those that no request could name. */
  readonly names: readonly string[];
  /** So many entries the page had, those included. */
  readonly entries: number;
  /** The last entry, behind which the next page begins; undefined for an empty page. */
  readonly last: string | undefined;
}

export interface Registry {
  readonly url: URL;
  /** Undefined where the registry speaks TLS. */
  readonly lane: FastLane | undefined;
  /** Opens the request; the caller handles its events. Framing and authorization are set here and nowhere else. */
  open(send: Send): ClientRequest;
  /**
   * One request and its whole answer, without repetition: the way of everything that changes the registry.
   * Rejects with Node's own error when the answer did not come whole: what was done is then unknown.
   */
  exchange(send: Send, bounds: { readonly limitBytes: number; readonly timeoutMs: number }): Promise<Answer>;
  /** One request that changes nothing, and its whole answer. @throws {WardenError} REGISTRY_UNAVAILABLE */
  ask(send: Send, limitBytes: number): Promise<Answer>;
  /**
   * A manifest as the registry has it, unread; undefined where there is none. Its bytes are undefined above the limit.
   * @throws {WardenError} REGISTRY_UNAVAILABLE
   */
  readManifest(repository: string, reference: string): Promise<Answer | undefined>;
  /** The digest that a tag points to, or undefined where there is none. @throws {WardenError} REGISTRY_UNAVAILABLE */
  lookTag(repository: string, tag: string): Promise<string | undefined>;
  /** @throws {WardenError} REGISTRY_UNAVAILABLE */
  lookDigest(repository: string, digest: string): Promise<boolean>;
  /** Whether the repository has a blob of this digest. @throws {WardenError} REGISTRY_UNAVAILABLE */
  lookBlob(repository: string, digest: string): Promise<boolean>;
  /** A blob of at most `limit` bytes with its digest checked; undefined where absent, larger, or not what its name says. */
  readBlob(repository: string, digest: string, limit: number): Promise<Uint8Array | undefined>;
  /** One page of the catalogue. @throws {WardenError} REGISTRY_UNAVAILABLE */
  listRepositories(count: number, last: string | undefined): Promise<NamesPage>;
  /** True when the registry answers and trusts Warden's token. Never throws. */
  ping(): Promise<{ readonly ok: true } | { readonly ok: false; readonly why: string }>;
  close(): void;
}

export function createRegistry({
  url,
  sign,
  responseTimeoutMs,
  connections = CONNECTIONS,
}: RegistryOptions): Registry {
  const client = url.protocol === 'https:' ? https : http;
  const agent = new client.Agent({
    keepAlive: true,
    maxSockets: connections,
    maxFreeSockets: 32,
  });
  // A request with a body can not be repeated when a kept connection turns out to be dead, so it gets a fresh one. So does
  // a deletion, of which nobody could say whether it was carried out.
  const fresh = new client.Agent({ keepAlive: false, maxSockets: connections });

  function headersOf(send: Send): OutgoingHttpHeaders {
    const headers: OutgoingHttpHeaders = { ...send.headers };
    headers['authorization'] = `Bearer ${sign(send.subject, send.access)}`;
    if (send.body === 'none') {
      if (!['GET', 'HEAD', 'DELETE'].includes(send.method)) headers['content-length'] = 0;
    } else if ('bytes' in send.body) headers['content-length'] = send.body.bytes.length;
    else if (send.body.stream === 'chunked') headers['transfer-encoding'] = 'chunked';
    else headers['content-length'] = send.body.stream;
    return headers;
  }
  const lane = url.protocol === 'http:' ? createFastLane({ url, headersOf, limit: connections }) : undefined;

  function open(send: Send): ClientRequest {
    const request = client.request({
      protocol: url.protocol,
      hostname: url.hostname.replace(/^\[|\]$/g, ''),
      port: url.port,
      method: send.method,
      path: send.target,
      headers: headersOf(send),
      agent: send.body === 'none' && send.method !== 'DELETE' ? agent : fresh,
    });
    if (send.body === 'none') return request.end();
    request.once('socket', readAfterReset);
    if ('bytes' in send.body) request.end(send.body.bytes);
    return request;
  }

  /** For look-ups: the whole answer, bounded, with one repetition when a kept connection had died. */
  async function ask(send: Send, limitBytes: number): Promise<Answer> {
    for (let attempt = 1; ; attempt++) {
      const request = open(send);
      try {
        return await collect(request, limitBytes, responseTimeoutMs);
      } catch (cause) {
        if (attempt === 1 && request.reusedSocket) continue;
        throw new WardenError('REGISTRY_UNAVAILABLE', { cause });
      }
    }
  }

  function pull(repository: string): readonly UpstreamAccess[] {
    return [{ type: 'repository', name: repository, actions: ['pull'] }];
  }

  async function headManifest(repository: string, reference: string): Promise<string | undefined> {
    const target = `/v2/${repository}/manifests/${reference}`;
    const headers = { accept: ACCEPT_MANIFESTS, 'user-agent': 'registry-warden' };
    const send: Send = {
      method: 'HEAD',
      target,
      headers,
      subject: '',
      access: pull(repository),
      body: 'none',
    };
    const answer = await ask(send, 0);
    if (answer.status === 404) return undefined;
    const digest = answer.headers['docker-content-digest'];
    if (answer.status !== 200) throw unexpected(answer, `HEAD ${target}`);
    if (typeof digest === 'string' && isDigest(digest)) return digest;
    throw unreadable(`HEAD ${target}`, 'a Docker-Content-Digest of sha256 and 64 hex digits');
  }

  return {
    url,
    lane,
    open,
    exchange: (send, { limitBytes, timeoutMs }) => collect(open(send), limitBytes, timeoutMs),
    ask,

    async readManifest(repository, reference) {
      const target = `/v2/${repository}/manifests/${reference}`;
      const headers = { accept: ACCEPT_MANIFESTS, 'user-agent': 'registry-warden' };
      const send: Send = {
        method: 'GET',
        target,
        headers,
        subject: '',
        access: pull(repository),
        body: 'none',
      };
      const answer = await ask(send, MANIFEST_LIMIT);
      if (answer.status === 404) return undefined;
      if (answer.status === 200) return answer;
      throw unexpected(answer, `GET ${target}`);
    },

    lookTag: headManifest,
    lookDigest: async (repository, digest) => (await headManifest(repository, digest)) === digest,

    async lookBlob(repository, digest) {
      const target = `/v2/${repository}/blobs/${digest}`;
      const headers = { 'user-agent': 'registry-warden' };
      const send: Send = {
        method: 'HEAD',
        target,
        headers,
        subject: '',
        access: pull(repository),
        body: 'none',
      };
      const answer = await ask(send, 0);
      if (answer.status === 404) return false;
      // A registry that keeps its blobs elsewhere sends there.
      if (answer.status === 200 || answer.status === 307) return true;
      throw unexpected(answer, `HEAD ${target}`);
    },

    async readBlob(repository, digest, limit) {
      const target = `/v2/${repository}/blobs/${digest}`;
      const headers = { 'user-agent': 'registry-warden' };
      const send: Send = {
        method: 'GET',
        target,
        headers,
        subject: '',
        access: pull(repository),
        body: 'none',
      };
      const { status, bytes } = await ask(send, limit);
      if (status !== 200 || bytes === undefined) return undefined;
      return `sha256:${createHash('sha256').update(bytes).digest('hex')}` === digest ? bytes : undefined;
    },

    async listRepositories(count, last) {
      const query = `?n=${count}${last === undefined ? '' : `&last=${encodeURIComponent(last)}`}`;
      const access: UpstreamAccess[] = [{ type: 'registry', name: 'catalog', actions: ['*'] }];
      const headers = { 'user-agent': 'registry-warden' };
      const send: Send = {
        method: 'GET',
        target: `/v2/_catalog${query}`,
        headers,
        subject: '',
        access,
        body: 'none',
      };
      const answer = await ask(send, 4_194_304);
      if (answer.status !== 200 || answer.bytes === undefined) throw unexpected(answer, 'GET /v2/_catalog');
      return readNames(answer.bytes);
    },

    async ping() {
      const headers = { 'user-agent': 'registry-warden' };
      try {
        const { status } = await ask(
          { method: 'GET', target: '/v2/', headers, subject: '', access: [], body: 'none' },
          65_536,
        );
        if (status === 200) return { ok: true };
        const why = status === 401 ? 'the registry does not trust the upstream key' : `status ${status}`;
        return { ok: false, why: `GET ${url.origin}/v2/: ${why}` };
      } catch (error) {
        return { ok: false, why: `GET ${url.origin}/v2/: ${describe((error as WardenError).cause)}` };
      }
    },

    close() {
      agent.destroy();
      fresh.destroy();
      lane?.close();
    },
  };
}

/** @returns bytes undefined when the body is larger than the limit; the connection is then dropped. */
function collect(request: ClientRequest, limitBytes: number, timeoutMs: number): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => fail(new Error('no answer in time')), timeoutMs);
    function fail(error: Error): void {
      clearTimeout(timer);
      reject(error);
      request.destroy();
    }
    function settle(answer: Answer): void {
      clearTimeout(timer);
      resolve(answer);
    }
    let answered = false;
    request.on('error', fail);
    // An answer that switches protocols is neither a response nor an error to node:http; it only ends.
    request.once('close', () => {
      if (!answered) fail(new Error('the registry closed the connection before it answered'));
    });
    request.on('response', (message) => {
      answered = true;
      const { statusCode: status = 0, headers } = message;
      const chunks: Buffer[] = [];
      let size = 0;
      message.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size <= limitBytes) chunks.push(chunk);
        else {
          settle({ status, headers, bytes: undefined });
          request.destroy();
        }
      });
      message.on('end', () => settle({ status, headers, bytes: Buffer.concat(chunks) }));
      message.on('error', fail);
      message.once('close', () => fail(new Error('the answer of the registry ended early')));
    });
  });
}

/** @throws {WardenError} REGISTRY_UNAVAILABLE for what is no page of a catalogue. */
function readNames(bytes: Uint8Array): NamesPage {
  const wanted = 'JSON with a list of texts as "repositories"';
  let page: unknown;
  try {
    page = JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    throw unreadable('GET /v2/_catalog', wanted);
  }
  const list = (page as { readonly repositories?: unknown } | null)?.repositories;
  // The registry writes null for an empty list.
  if (list === null) return { names: [], entries: 0, last: undefined };
  if (!Array.isArray(list) || !list.every((name) => typeof name === 'string')) {
    throw unreadable('GET /v2/_catalog', wanted);
  }
  return { names: list.filter(isRepository), entries: list.length, last: list.at(-1) };
}

function unreadable(what: string, wanted: string): WardenError {
  return new WardenError('REGISTRY_UNAVAILABLE', {
    cause: new Error(`${what}: the answer is not ${wanted}`),
  });
}

function unexpected({ status }: Answer, what: string): WardenError {
  return new WardenError('REGISTRY_UNAVAILABLE', { cause: new Error(`${what}: status ${status}`) });
}

function describe(error: unknown): string {
  const { code, message } = (error ?? {}) as { code?: string; message?: string };
  return message || code || 'no answer';
}
