/** What a record says of the build behind a push: what its issuer vouched for, and apart from it what the client claims. */
import type { IncomingHttpHeaders } from 'node:http';
import type { Subject } from '../policy/facts.ts';
import type { PushIntent } from '../provenance/record.ts';

/** The facts of a verified id token. Nothing for callers that are no build. */
export function buildOf({ build, run }: Subject): Pick<PushIntent, 'build' | 'source' | 'operator'> {
  if (build === undefined) return {};
  const { branch, tag, operator, ...facts } = build;
  const { commit, ...counted } = run ?? {};
  const ref = refOf(branch, tag);
  const evidence = 'verified' as const;
  return {
    build: { ...facts, ...counted, evidence },
    ...((commit !== undefined || ref !== undefined) && {
      source: { ...(commit !== undefined && { commit }), ...(ref !== undefined && { ref }), evidence },
    }),
    ...(operator !== undefined && { operator: { name: operator, evidence } }),
  };
}

/** As git writes them, so that a branch and a tag of one name are two. */
function refOf(branch: string | undefined, tag: string | undefined): string | undefined {
  if (tag !== undefined) return `refs/tags/${tag}`;
  return branch === undefined ? undefined : `refs/heads/${branch}`;
}

const PREFIX = 'x-meta-';
const KEPT = 16;
const NAME_LENGTH = 64;
const VALUE_LENGTH = 512;

/** The headers `X-Meta-…` of a request, cut and printable: docker sends those of HttpHeaders in its config.json. */
export function metaOf(headers: IncomingHttpHeaders): Pick<PushIntent, 'meta'> {
  const found = Object.entries(headers)
    .filter(([name, value]) => name.startsWith(PREFIX) && name !== PREFIX && typeof value === 'string')
    .map(([name, value]) => [
      name.slice(PREFIX.length, PREFIX.length + NAME_LENGTH),
      String(value)
        .slice(0, VALUE_LENGTH)
        .replace(/[^\x20-\x7e]/g, '?'),
    ]);
  return found.length === 0 ? {} : { meta: Object.fromEntries(found.slice(0, KEPT)) };
}
