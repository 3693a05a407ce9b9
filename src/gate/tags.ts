/** The tags of a repository, sorted and paged by Warden: docker-registry 2.8 does not sort them, nor heed `n` and `last`. */
import { WardenError } from '../errors.ts';
import { isTag } from '../protocol/names.ts';
import { type RegistryRequest, writeTarget } from '../protocol/request.ts';
import { refusedToken } from '../upstream/answer-head.ts';
import { headersToClient } from '../upstream/headers.ts';
import type { Answer } from '../upstream/send.ts';
import { answerJson } from './answer-json.ts';
import type { GateDeps, VerifiedToken } from './deps.ts';
import type { Exchange } from './exchange.ts';
import { askingHeaders } from './origin.ts';

/** How many tags are asked for at once; registries that page refuse more. */
const PAGE = 1000;
/** Tags that are read for one answer at most. */
const LIMIT = 100_000;
/** In bytes, of one answer of the registry: one that does not page gives all tags at once. */
const ANSWER_LIMIT = 16_777_216;

type TagsRequest = Extract<RegistryRequest, { route: 'tags' }>;

/** Answers with the tags after `last`, `n` of them at most; with the registry's own answer where that is no list. */
export async function serveTags(
  deps: GateDeps,
  exchange: Exchange,
  token: VerifiedToken,
  request: TagsRequest,
): Promise<void> {
  const { repository, last = '' } = request;
  const count = request.n === undefined ? LIMIT : Math.min(Number(request.n), LIMIT);
  const found = new Set<string>();
  // One more than is shown: whether there is a next page.
  const size = Math.min(count + 1, PAGE);
  for (let after = last; found.size <= count; ) {
    // A long list is many questions, and for nobody when the client is gone.
    if (exchange.response.destroyed) return;
    const target = { ...request, n: String(size), last: after };
    const answer = await askTags(deps, exchange, token, target);
    if (answer.status !== 200) return passOn(exchange, answer);
    const tags = readTags(answer).filter((tag) => tag > last);
    const fresh = tags.filter((tag) => !found.has(tag));
    for (const tag of fresh) found.add(tag);
    // A page that is not full is the last one; one that says nothing new comes from a registry that does not page.
    if (tags.length !== size || fresh.length === 0) break;
    after = [...tags].sort().at(-1) ?? after;
  }
  const sorted = [...found].sort();
  const tags = sorted.slice(0, count);
  const final = tags.at(-1);
  const body = Buffer.from(JSON.stringify({ name: repository, tags }));
  const more = sorted.length > count && final !== undefined;
  const following =
    more && ({ route: 'tags', method: 'GET', repository, n: String(count), last: final } as const);
  answerJson(exchange, body, following ? { Link: `<${writeTarget(following)}>; rel="next"` } : {});
}

function askTags(
  { registry }: GateDeps,
  exchange: Exchange,
  token: VerifiedToken,
  request: TagsRequest,
): Promise<Answer> {
  return registry.ask(
    {
      method: 'GET',
      target: writeTarget(request.last === '' ? withoutLast(request) : request),
      headers: askingHeaders(exchange),
      subject: token.subject.name,
      access: [{ type: 'repository', name: request.repository, actions: ['pull'] }],
      body: 'none',
    },
    ANSWER_LIMIT,
  );
}

function withoutLast({ last: _, ...request }: TagsRequest): TagsRequest {
  return request;
}

/** @throws {WardenError} REGISTRY_MISBEHAVED for what is no list of tags. */
function readTags({ bytes }: Answer): readonly string[] {
  try {
    const { tags } = JSON.parse(Buffer.from(bytes ?? []).toString('utf8')) as { tags?: unknown };
    if (tags === null) return [];
    if (Array.isArray(tags)) return tags.filter((tag) => typeof tag === 'string' && isTag(tag));
  } catch {
    // Said below.
  }
  throw new WardenError('REGISTRY_MISBEHAVED', {
    sentence: 'the registry gave a list of tags that cannot be read',
  });
}

function passOn({ response }: Exchange, { status, headers, bytes }: Answer): void {
  // The client has been judged already; this can only mean that the registry does not accept Warden's own token.
  if (status === 401 || status === 403) {
    throw refusedToken();
  }
  const body = Buffer.from(bytes ?? []);
  response.writeHead(status, { ...headersToClient(headers), 'content-length': body.length });
  response.end(body);
}
