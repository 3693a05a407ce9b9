/** What Warden asks the registry on its own account: for decisions, for the record, for those who watch. */
import { WardenError } from '../errors.ts';
import { digestOf } from '../protocol/digest.ts';
import { ACCEPT_MANIFESTS, MANIFEST_LIMIT } from '../protocol/manifest.ts';
import { isDigest, isRepository, isTag } from '../protocol/names.ts';
import type { Answer, Send, UpstreamAccess } from './send.ts';

/** A page of the catalogue as the registry has it. */
export interface NamesPage {
  /** In the registry's order, without those that no request could name. */
  readonly names: readonly string[];
  /** So many entries the page had, those included. */
  readonly entries: number;
  /** The last entry, behind which the next page begins; undefined for an empty page. */
  readonly last: string | undefined;
}

export interface LookUps {
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
  /**
   * The tags of a repository behind `last`, of which a registry that pages gives `count`, and any other all; empty where
   * there is no such repository. Without those that no request could name. @throws {WardenError} REGISTRY_UNAVAILABLE
   */
  listTags(repository: string, count: number, last: string | undefined): Promise<readonly string[]>;
  /** True when the registry answers and trusts Warden's token. Never throws. */
  ping(): Promise<{ readonly ok: true } | { readonly ok: false; readonly why: string }>;
}

/** In bytes, of a page of the catalogue. */
const PAGE_LIMIT = 4_194_304;
/** In bytes. A registry that does not page gives all tags at once. */
const TAGS_LIMIT = 16_777_216;
/** In bytes, of the answer to a ping. */
const PING_LIMIT = 65_536;

/**
 * @param ask one request that changes nothing, and its answer; throws REGISTRY_UNAVAILABLE.
 * @param origin of the registry, for the sentence of a failed ping.
 */
export function createLookUps(
  ask: (send: Send, limitBytes: number) => Promise<Answer>,
  origin: string,
): LookUps {
  function look(
    method: 'GET' | 'HEAD',
    target: string,
    access: readonly UpstreamAccess[],
    limitBytes: number,
  ): Promise<Answer> {
    const accept = target.includes('/manifests/') ? { accept: ACCEPT_MANIFESTS } : {};
    const headers = { ...accept, 'user-agent': 'registry-warden' };
    return ask({ method, target, headers, subject: '', access, body: 'none' }, limitBytes);
  }

  async function headManifest(repository: string, reference: string): Promise<string | undefined> {
    const target = `/v2/${repository}/manifests/${reference}`;
    const answer = await look('HEAD', target, pull(repository), 0);
    if (answer.status === 404) return undefined;
    const digest = answer.headers['docker-content-digest'];
    if (answer.status !== 200) throw unexpected(answer, `HEAD ${target}`);
    if (typeof digest === 'string' && isDigest(digest)) return digest;
    throw unreadable(`HEAD ${target}`, 'a Docker-Content-Digest of sha256 and 64 hex digits');
  }

  return {
    lookTag: headManifest,
    lookDigest: async (repository, digest) => (await headManifest(repository, digest)) === digest,

    async readManifest(repository, reference) {
      const target = `/v2/${repository}/manifests/${reference}`;
      const answer = await look('GET', target, pull(repository), MANIFEST_LIMIT);
      if (answer.status === 404) return undefined;
      if (answer.status === 200) return answer;
      throw unexpected(answer, `GET ${target}`);
    },

    async lookBlob(repository, digest) {
      const target = `/v2/${repository}/blobs/${digest}`;
      const answer = await look('HEAD', target, pull(repository), 0);
      if (answer.status === 404) return false;
      // A registry that keeps its blobs elsewhere sends there.
      if (answer.status === 200 || answer.status === 307) return true;
      throw unexpected(answer, `HEAD ${target}`);
    },

    async readBlob(repository, digest, limit) {
      const { status, bytes } = await look(
        'GET',
        `/v2/${repository}/blobs/${digest}`,
        pull(repository),
        limit,
      );
      if (status !== 200 || bytes === undefined) return undefined;
      return digestOf(bytes) === digest ? bytes : undefined;
    },

    async listRepositories(count, last) {
      const query = `?n=${count}${last === undefined ? '' : `&last=${encodeURIComponent(last)}`}`;
      const access: UpstreamAccess[] = [{ type: 'registry', name: 'catalog', actions: ['*'] }];
      const answer = await look('GET', `/v2/_catalog${query}`, access, PAGE_LIMIT);
      if (answer.status !== 200 || answer.bytes === undefined) throw unexpected(answer, 'GET /v2/_catalog');
      return readNames(answer.bytes);
    },

    async listTags(repository, count, last) {
      const query = `?n=${count}${last === undefined ? '' : `&last=${encodeURIComponent(last)}`}`;
      const what = `GET /v2/${repository}/tags/list`;
      const answer = await look('GET', `/v2/${repository}/tags/list${query}`, pull(repository), TAGS_LIMIT);
      if (answer.status === 404) return [];
      if (answer.status !== 200 || answer.bytes === undefined) throw unexpected(answer, what);
      return readTexts(answer.bytes, 'tags', what).filter(isTag);
    },

    async ping() {
      try {
        const { status } = await look('GET', '/v2/', [], PING_LIMIT);
        if (status === 200) return { ok: true };
        const why = status === 401 ? "the registry does not trust Warden's upstream key" : `status ${status}`;
        return { ok: false, why: `GET ${origin}/v2/: ${why}` };
      } catch (error) {
        return { ok: false, why: `GET ${origin}/v2/: ${describe((error as WardenError).cause)}` };
      }
    },
  };
}

function pull(repository: string): readonly UpstreamAccess[] {
  return [{ type: 'repository', name: repository, actions: ['pull'] }];
}

function readNames(bytes: Uint8Array): NamesPage {
  const list = readTexts(bytes, 'repositories', 'GET /v2/_catalog');
  return { names: list.filter(isRepository), entries: list.length, last: list.at(-1) };
}

/** @throws {WardenError} REGISTRY_UNAVAILABLE for what is no list of texts under this key. */
function readTexts(bytes: Uint8Array, key: string, what: string): readonly string[] {
  const wanted = `JSON with a list of texts as "${key}"`;
  let page: unknown;
  try {
    page = JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    throw unreadable(what, wanted);
  }
  const list = (page as Readonly<Record<string, unknown>> | null)?.[key];
  // The registry writes null for an empty list.
  if (list === null) return [];
  if (!Array.isArray(list) || !list.every((name) => typeof name === 'string')) throw unreadable(what, wanted);
  return list;
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
