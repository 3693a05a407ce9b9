/** Puts an auditor's question to a running server. */
import type { Page } from '../audit/audit.ts';
import { askApi, type ServerOptions } from './server.ts';

/** @throws with one sentence; a UsageError where the options, or the filters by the server's word, are wrong. */
export async function askServer(
  name: string,
  raw: Readonly<Record<string, string | readonly string[]>>,
  options: ServerOptions & { readonly url: string },
  readStdin: () => Promise<string>,
): Promise<Page<unknown>> {
  const answer = await askApi({ method: 'GET', path: name, query: raw }, options, readStdin);
  const page = answer as { items?: unknown; next?: unknown } | undefined;
  if (!Array.isArray(page?.items) || !(page.next === undefined || typeof page.next === 'string')) {
    throw new Error('the answer is not what Registry Warden gives; is --url its address?');
  }
  return page as Page<unknown>;
}
