/**
 * The one reading of a registry request: from method, raw target and headers to typed parts, or a refusal.
 *
 * The request that goes to the registry is built from these parts alone (see writeTarget), so what was judged is what
 * is done. The target is never given to a URL parser, since those repair: `new URL` resolves dot segments and turns
 * `\` into `/`, and the registry decodes `%2F` before it matches. A path is read only in its plain form.
 *
 * @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md#endpoints
 */
import type { ErrorName } from '../errors.ts';
import { isDigest, isRepository, parseReference, type Reference, referenceText } from './names.ts';
import { readQuery, writeQuery } from './query.ts';

export type RegistryRequest =
  | { readonly route: 'base'; readonly method: 'GET' | 'HEAD' }
  | { readonly route: 'catalog'; readonly method: 'GET'; readonly n?: string; readonly last?: string }
  | {
      readonly route: 'tags';
      readonly method: 'GET';
      readonly repository: string;
      readonly n?: string;
      readonly last?: string;
    }
  | {
      readonly route: 'manifest';
      readonly method: 'GET' | 'HEAD' | 'PUT' | 'DELETE';
      readonly repository: string;
      readonly reference: Reference;
    }
  | {
      readonly route: 'blob';
      readonly method: 'GET' | 'HEAD' | 'DELETE';
      readonly repository: string;
      readonly digest: string;
    }
  | {
      readonly route: 'upload-start';
      readonly method: 'POST';
      readonly repository: string;
      /** Present together or not at all. */
      readonly mount?: { readonly digest: string; readonly from: string };
      readonly digest?: string;
    }
  | {
      readonly route: 'upload';
      readonly method: 'GET' | 'HEAD' | 'PATCH' | 'PUT' | 'DELETE';
      readonly repository: string;
      readonly session: string;
      readonly state?: string;
      readonly digest?: string;
      /** Ours, and never sent on: who began the upload (see gate/upload-seal.ts). */
      readonly seal?: string;
    }
  | {
      readonly route: 'referrers';
      readonly method: 'GET';
      readonly repository: string;
      readonly digest: string;
      readonly artifactType?: string;
    };

export interface Refusal {
  readonly error: ErrorName;
  readonly sentence?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export type Reading =
  | { readonly ok: true; readonly request: RegistryRequest }
  | { readonly ok: false; readonly refusal: Refusal }
  /** `/v2` for `/v2/`, as the registry does it. */
  | { readonly ok: false; readonly redirect: string };

/** The head of a request as Node gives it. `rawHeaders` are name, value, name, value, … as received. */
export interface RequestHead {
  readonly method: string;
  readonly target: string;
  readonly rawHeaders: readonly string[];
}

/** In bytes. Longer than the longest name, digest and upload state together. */
const TARGET_LIMIT = 8192;
const SESSION = /^(?!\.{1,2}$)[A-Za-z0-9._=-]{1,128}$/;
const NUMBER = /^[0-9]{1,9}$/;
/** The grammar of the image specification, of any algorithm. */
const ANY_DIGEST = /^[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[A-Za-z0-9=_-]{32,256}$/;
/** The parameter that carries our seal in the `Location` of an upload. */
export const SEAL = '_warden';
const STATE = /^[A-Za-z0-9_=-]{1,4096}$/;
const PRINTABLE = /^[\x21-\x7e]*$/;
const BODILESS = new Set(['GET', 'HEAD', 'DELETE', 'OPTIONS', 'TRACE']);
const ONCE = [
  'authorization',
  'content-length',
  'content-type',
  'content-range',
  'transfer-encoding',
  'host',
  'range',
];

/** Total: never throws, and takes time linear in the length of its input. */
export function readRequest(head: RequestHead): Reading {
  return readHeaders(head) ?? readTarget(head.method, head.target);
}

/** What makes a head ambiguous whatever its route. */
function readHeaders({ method, rawHeaders }: RequestHead): Reading | undefined {
  const seen = new Map<string, string>();
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = String(rawHeaders[i]).toLowerCase();
    if (!ONCE.includes(name)) continue;
    if (seen.has(name)) return refuse('REQUEST_MALFORMED', `the header ${name} is given more than once`);
    seen.set(name, String(rawHeaders[i + 1]));
  }
  if (seen.has('transfer-encoding')) {
    // A proxy that does not know the coding would frame the body differently from the registry.
    if (seen.get('transfer-encoding')?.trim().toLowerCase() !== 'chunked' || seen.has('content-length')) {
      return refuse(
        'REQUEST_MALFORMED',
        'a body is framed by Content-Length or by "Transfer-Encoding: chunked", not both',
      );
    }
  }
  const length = seen.get('content-length');
  const hasBody = seen.has('transfer-encoding') || (length !== undefined && !/^0+$/.test(length));
  if (BODILESS.has(method) && hasBody)
    return refuse('BODY_UNEXPECTED', `a ${method} request carries no body`);
  return undefined;
}

/** The route of a target, from its plain form alone. */
export function readTarget(method: string, target: string): Reading {
  if (target.length > TARGET_LIMIT) return refuse('TARGET_TOO_LONG');
  if (!target.startsWith('/')) {
    return refuse('REQUEST_MALFORMED', 'the request target must be a path, not a whole URL');
  }
  const mark = target.indexOf('?');
  const path = mark < 0 ? target : target.slice(0, mark);
  const query = mark < 0 ? '' : target.slice(mark + 1);
  if (!PRINTABLE.test(target) || /[\\#]/.test(target)) return refuse('ROUTE_UNKNOWN');
  if (/%(?![0-9A-Fa-f]{2})/.test(path))
    return refuse('REQUEST_MALFORMED', 'the path has a broken percent-encoding');
  if (path === '/v2' && (method === 'GET' || method === 'HEAD')) return { ok: false, redirect: '/v2/' };
  if (!path.startsWith('/v2/')) return refuse('ROUTE_UNKNOWN');
  return readPath(method, path.slice('/v2/'.length), query);
}

function readPath(method: string, path: string, query: string): Reading {
  if (path === '') return only(['GET', 'HEAD'], method, (m) => ({ route: 'base', method: m }));
  if (path === '_catalog') {
    return only(['GET'], method, (m) =>
      withQuery(query, ['n', 'last'], (q) =>
        page(q, (paging) => ({ route: 'catalog', method: m, ...paging })),
      ),
    );
  }
  // Every route is told by its last two or three components, and the name is all that stands before: the registry's
  // own match is greedy in the same way, so `a/manifests/b/manifests/x` is the repository `a/manifests/b`.
  const parts = path.split('/');
  const last = parts.at(-1) ?? '';
  const secondLast = parts.at(-2);
  const nameBefore = (count: number): string | undefined => {
    const name = parts.slice(0, -count).join('/');
    return isRepository(name) ? name : undefined;
  };

  if (secondLast === 'tags' && last === 'list') {
    const repository = nameBefore(2);
    if (repository === undefined) return refuse('ROUTE_UNKNOWN');
    return only(['GET'], method, (m) =>
      withQuery(query, ['n', 'last'], (q) =>
        page(q, (paging) => ({ route: 'tags', method: m, repository, ...paging })),
      ),
    );
  }
  if (secondLast === 'manifests') {
    const repository = nameBefore(2);
    const reference = parseReference(plainDigest(last));
    // The specification wants 400 for what cannot be the digest of the content that comes along.
    if (repository !== undefined && reference === undefined && method === 'PUT' && last.includes(':'))
      return refuse('DIGEST_MISMATCH', 'the reference is neither a tag nor a sha256 digest');
    if (repository === undefined || reference === undefined) return refuse('ROUTE_UNKNOWN');
    return only(['GET', 'HEAD', 'PUT', 'DELETE'], method, (m) => ({
      route: 'manifest',
      method: m,
      repository,
      reference,
    }));
  }
  if (secondLast === 'blobs') {
    const repository = nameBefore(2);
    const digest = plainDigest(last);
    if (repository === undefined || !isDigest(digest)) return refuse('ROUTE_UNKNOWN');
    return only(['GET', 'HEAD', 'DELETE'], method, (m) => ({ route: 'blob', method: m, repository, digest }));
  }
  if (secondLast === 'referrers') {
    const repository = nameBefore(2);
    const digest = plainDigest(last);
    if (repository === undefined || !isDigest(digest)) return refuse('ROUTE_UNKNOWN');
    return only(['GET'], method, (m) =>
      withQuery(query, ['artifactType'], ({ artifactType }) => ({
        route: 'referrers',
        method: m,
        repository,
        digest,
        ...(artifactType && { artifactType }),
      })),
    );
  }
  if (secondLast === 'uploads' && parts.at(-3) === 'blobs') {
    const repository = nameBefore(3);
    if (repository === undefined) return refuse('ROUTE_UNKNOWN');
    return last === '' ? uploadStart(method, repository, query) : upload(method, repository, last, query);
  }
  return refuse('ROUTE_UNKNOWN');
}

function uploadStart(method: string, repository: string, query: string): Reading {
  return only(['POST'], method, (m) =>
    withQuery(query, ['mount', 'from', 'digest'], ({ mount, from, digest }) => {
      if (digest && !ANY_DIGEST.test(digest))
        return refusal('REQUEST_MALFORMED', 'the parameter digest is not a digest');
      if (mount && !isDigest(mount))
        return refusal('REQUEST_MALFORMED', 'the parameter mount is not a sha256 digest');
      if (from && !isRepository(from))
        return refusal('REQUEST_MALFORMED', 'the parameter from is not a repository name');
      // A mount that does not say from where is a plain start (the registry answers 202 to it).
      return {
        route: 'upload-start',
        method: m,
        repository,
        ...(mount && from && { mount: { digest: mount, from } }),
        // Of another algorithm than the registries know: they would take no notice of it, and the client goes on with PUT.
        ...(digest && isDigest(digest) && { digest }),
      };
    }),
  );
}

function upload(method: string, repository: string, session: string, query: string): Reading {
  if (!SESSION.test(session)) return refuse('ROUTE_UNKNOWN');
  return only(['GET', 'HEAD', 'PATCH', 'PUT', 'DELETE'], method, (m) =>
    withQuery(query, ['_state', 'digest', SEAL], ({ _state: state, digest, [SEAL]: seal }) => {
      if (state && !STATE.test(state))
        return refusal('REQUEST_MALFORMED', 'the parameter _state is not one the registry gave');
      if (digest && !isDigest(digest))
        return refusal('REQUEST_MALFORMED', 'the parameter digest is not a sha256 digest');
      return {
        route: 'upload',
        method: m,
        repository,
        session,
        ...(state && { state }),
        ...(digest && { digest }),
        ...(seal && { seal }),
      };
    }),
  );
}

/** The only percent-encoding that a path may hold: the colon of a digest, as some clients write it. */
function plainDigest(text: string): string {
  return text.replace(/^sha256%3[Aa]/, 'sha256:');
}

function page(
  { n, last }: Readonly<Record<string, string>>,
  build: (paging: { n?: string; last?: string }) => RegistryRequest,
): RegistryRequest | Refusal {
  if (n && !NUMBER.test(n)) return refusal('REQUEST_MALFORMED', 'the parameter n is not a number');
  if (last && !/^[A-Za-z0-9._/-]{1,255}$/.test(last))
    return refusal('REQUEST_MALFORMED', 'the parameter last is not a name');
  return build({ ...(n && { n }), ...(last && { last }) });
}

function only<M extends string>(
  allowed: readonly M[],
  method: string,
  build: (method: M) => RegistryRequest | Refusal,
): Reading {
  const found = allowed.find((candidate) => candidate === method);
  if (found === undefined) {
    return { ok: false, refusal: { error: 'METHOD_UNSUPPORTED', headers: { Allow: allowed.join(', ') } } };
  }
  const built = build(found);
  return 'error' in built ? { ok: false, refusal: built } : { ok: true, request: built };
}

function withQuery(
  text: string,
  known: readonly string[],
  build: (values: Readonly<Record<string, string>>) => RegistryRequest | Refusal,
): RegistryRequest | Refusal {
  const query = readQuery(text, known);
  return query.ok ? build(query.values) : refusal('REQUEST_MALFORMED', query.reason);
}

function refusal(error: ErrorName, sentence?: string): Refusal {
  return { error, ...(sentence === undefined ? {} : { sentence }) };
}

function refuse(error: ErrorName, sentence?: string): Reading {
  return { ok: false, refusal: refusal(error, sentence) };
}

/** The target that means exactly this request, for the registry. `readTarget(method, writeTarget(r))` gives `r` again. */
export function writeTarget(request: RegistryRequest): string {
  switch (request.route) {
    case 'base':
      return '/v2/';
    case 'catalog':
      return `/v2/_catalog${writeQuery({ n: request.n, last: request.last })}`;
    case 'tags':
      return `/v2/${request.repository}/tags/list${writeQuery({ n: request.n, last: request.last })}`;
    case 'manifest':
      return `/v2/${request.repository}/manifests/${referenceText(request.reference)}`;
    case 'blob':
      return `/v2/${request.repository}/blobs/${request.digest}`;
    case 'upload-start': {
      const { mount, digest } = request;
      return `/v2/${request.repository}/blobs/uploads/${writeQuery({ mount: mount?.digest, from: mount?.from, digest })}`;
    }
    case 'upload':
      return `/v2/${request.repository}/blobs/uploads/${request.session}${writeQuery({ _state: request.state, digest: request.digest })}`;
    case 'referrers':
      return `/v2/${request.repository}/referrers/${request.digest}${writeQuery({ artifactType: request.artifactType })}`;
  }
}
