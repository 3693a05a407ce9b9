/** The catalogue: the names that this caller may list and pull, with paging of our own. */
import type { Decision } from '../policy/facts.ts';
import { writeTarget } from '../protocol/request.ts';
import type { Registry } from '../upstream/registry.ts';

/** How many names a page has at most, and when the client does not say; the registry's own limit is 1000. */
const PAGE_LIMIT = 1000;
const PAGE_DEFAULT = 100;

export interface CatalogPage {
  readonly repositories: readonly string[];
  /** The value of `Link`; its `last` is the last name shown, never one that the caller may not see. */
  readonly link: string | undefined;
}

/** @throws {WardenError} REGISTRY_UNAVAILABLE */
export async function readCatalog(
  registry: Registry,
  request: { readonly n?: string; readonly last?: string },
  judge: (action: 'list' | 'pull', repository: string) => Decision,
): Promise<CatalogPage> {
  const count = Math.min(request.n === undefined ? PAGE_DEFAULT : Number(request.n), PAGE_LIMIT);
  const shown: string[] = [];
  // One more than the page holds is looked for: whether there is a next page must not be told by a hidden name.
  for (let last = request.last; shown.length <= count; ) {
    const names = await registry.listRepositories(PAGE_LIMIT, last);
    for (const name of names) {
      const visible = judge('list', name).verdict === 'granted' && judge('pull', name).verdict === 'granted';
      if (visible && shown.length <= count) shown.push(name);
    }
    if (names.length < PAGE_LIMIT) break;
    last = names.at(-1);
  }
  const repositories = shown.slice(0, count);
  const final = repositories.at(-1);
  const next = shown.length > count && final !== undefined;
  const target = writeTarget({
    route: 'catalog',
    method: 'GET',
    n: String(count),
    ...(next && { last: final }),
  });
  return { repositories, link: next ? `<${target}>; rel="next"` : undefined };
}
