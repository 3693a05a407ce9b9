/** The catalogue: the names that this caller may list and pull, with paging of our own. */
import { WardenError } from '../errors.ts';
import type { Decision } from '../policy/facts.ts';
import { writeTarget } from '../protocol/request.ts';
import type { Registry } from '../upstream/registry.ts';

/** How many names a page has at most, and when the client does not say; the registry's own limit is 1000. */
const PAGE_LIMIT = 1000;
const PAGE_DEFAULT = 100;
/**
 * Pages of the registry that are read for one request at most, of 1000 names each: when there is something to show, and
 * while there is nothing yet. Where most names are hidden from the caller, finding the others is work for the registry.
 */
const READ_LIMIT = 20;
const READ_LIMIT_EMPTY = 100;

export interface CatalogPage {
  readonly repositories: readonly string[];
  /** The value of `Link`; its `last` is the last name shown, never one that the caller may not see. */
  readonly link: string | undefined;
}

/**
 * @param asking.gone whether the client went away, so that nothing more need be read.
 * @throws {WardenError} REGISTRY_UNAVAILABLE, also where too many names are hidden to find one to show.
 */
export async function readCatalog(
  registry: Pick<Registry, 'listRepositories'>,
  request: { readonly n?: string; readonly last?: string },
  asking: { judge(action: 'list' | 'pull', repository: string): Decision; gone(): boolean },
): Promise<CatalogPage> {
  const count = Math.min(request.n === undefined ? PAGE_DEFAULT : Number(request.n), PAGE_LIMIT);
  if (count === 0) return { repositories: [], link: undefined };
  const { shown, more } = await findVisible(registry, count, request.last, asking);
  const repositories = shown.slice(0, count);
  const final = repositories.at(-1);
  const next = more && final !== undefined;
  const target = writeTarget({
    route: 'catalog',
    method: 'GET',
    n: String(count),
    ...(next && { last: final }),
  });
  return { repositories, link: next ? `<${target}>; rel="next"` : undefined };
}

/** One name more than the page holds is looked for: whether there is a next page must not be told by a hidden name. */
async function findVisible(
  registry: Pick<Registry, 'listRepositories'>,
  count: number,
  after: string | undefined,
  { judge, gone }: Parameters<typeof readCatalog>[2],
): Promise<{ readonly shown: readonly string[]; readonly more: boolean }> {
  const shown: string[] = [];
  const seen = new Set([after]);
  let last = after;
  for (let read = 0; !gone(); read++) {
    if (read >= READ_LIMIT && shown.length > 0) return { shown, more: true };
    if (read >= READ_LIMIT_EMPTY) {
      const sentence =
        'too many repositories are hidden from you to list the others; ask for one by its name';
      throw new WardenError('REGISTRY_UNAVAILABLE', { sentence });
    }
    const page = await registry.listRepositories(PAGE_LIMIT, last);
    // A registry that does not go on behind `last` has told all it will.
    if (seen.has(page.last)) break;
    for (const name of page.names) {
      if (judge('list', name).verdict !== 'granted' || judge('pull', name).verdict !== 'granted') continue;
      shown.push(name);
      if (shown.length > count) return { shown, more: true };
    }
    if (page.entries < PAGE_LIMIT) break;
    last = page.last;
    seen.add(last);
  }
  return { shown, more: false };
}
