import { afterEach, describe, expect, it } from '@jest/globals';
import { readCatalog } from '../../src/gate/catalog.ts';
import type { Decision } from '../../src/policy/facts.ts';
import { createRegistry, type Registry } from '../../src/upstream/registry.ts';
import { type ScriptedRegistry, startScriptedRegistry } from '../upstream/scripted-registry.ts';

const HIDDEN = 'h';
const running: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of running.splice(0)) await one.stop();
});

/** `sorted`: so that `last` can be found; what begins with HIDDEN is hidden from the caller. */
async function registryOf(
  sorted: readonly string[],
): Promise<{ readonly registry: Registry; readonly served: ScriptedRegistry }> {
  return registryThatSays((query) => {
    const last = query.get('last');
    const from = last === null ? 0 : sorted.indexOf(last) + 1;
    return JSON.stringify({ repositories: sorted.slice(from, from + Number(query.get('n'))) });
  });
}

async function registryThatSays(
  page: (query: URLSearchParams) => string,
): Promise<{ readonly registry: Registry; readonly served: ScriptedRegistry }> {
  const served = await startScriptedRegistry(({ socket, target }) => {
    const body = page(new URL(target, 'http://registry').searchParams);
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
  });
  const registry = createRegistry({ url: served.url, sign: () => 'unsigned', responseTimeoutMs: 10_000 });
  running.push({ stop: async () => registry.close() }, served);
  return { registry, served };
}

function judge(_action: string, name: string): Decision {
  const verdict = name.startsWith(HIDDEN) ? 'refused' : 'granted';
  return { verdict, rules: [], message: undefined, nearest: undefined, observed: [], host: undefined };
}
const here = { judge, gone: () => false };

function names(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, at) => `${prefix}${String(at).padStart(7, '0')}`);
}

const lastOf = (link: string | undefined): string | undefined => /last=([^>&]+)/.exec(link ?? '')?.[1];

describe('the catalogue', () => {
  it('gives, page by page, all that may be seen and nothing else', async () => {
    const all = [...names('a', 700), ...names(HIDDEN, 1500), ...names('x', 800)];
    const { registry } = await registryOf(all);
    const seen: string[] = [];
    for (let last: string | undefined, more = true; more; ) {
      const page = await readCatalog(registry, { n: '250', ...(last && { last }) }, here);
      seen.push(...page.repositories);
      last = lastOf(page.link);
      more = page.link !== undefined;
      if (more) expect(last).toBe(page.repositories.at(-1));
    }
    expect(seen).toEqual(all.filter((name) => !name.startsWith(HIDDEN)));
  });

  it('asks the registry for nothing where nothing is asked for', async () => {
    const { registry, served } = await registryOf(names('a', 5));
    expect(await readCatalog(registry, { n: '0' }, here)).toEqual({ repositories: [], link: undefined });
    expect(served.heads).toEqual([]);
  });

  it('shows what it has when many hidden names follow, and goes on behind the last one shown', async () => {
    const { registry, served } = await registryOf([...names('a', 3), ...names(HIDDEN, 30_000), 'x']);
    const page = await readCatalog(registry, {}, here);
    expect(page.repositories).toEqual(names('a', 3));
    expect(lastOf(page.link)).toBe('a0000002');
    expect(served.heads.length).toBe(20);
    // There the hidden ones are passed in one go.
    const next = await readCatalog(registry, { last: 'a0000002' }, here);
    expect(next).toEqual({ repositories: ['x'], link: undefined });
  });

  it('gives up with a sentence where all of very many names are hidden', async () => {
    const { registry, served } = await registryOf(names(HIDDEN, 150_000));
    await expect(readCatalog(registry, {}, here)).rejects.toMatchObject({
      name: 'REGISTRY_UNAVAILABLE',
      message: 'too many repositories are hidden from you to list the others; ask for one by its name',
    });
    expect(served.heads.length).toBe(100);
  });

  it('ends where the registry gives the same page again', async () => {
    const page = JSON.stringify({ repositories: [...names('a', 10), ...names(HIDDEN, 990)] });
    const { registry, served } = await registryThatSays(() => page);
    const { repositories, link } = await readCatalog(registry, {}, here);
    expect({ repositories, link }).toEqual({ repositories: names('a', 10), link: undefined });
    expect(served.heads.length).toBe(2);
  });

  it('asks for no more when its client has gone', async () => {
    const { registry, served } = await registryOf(names(HIDDEN, 50_000));
    await readCatalog(registry, {}, { judge, gone: () => served.heads.length >= 3 });
    expect(served.heads.length).toBe(3);
  });

  it('leaves out names that no request could hold', async () => {
    const list = ['a', 'Upper', '../etc', 'a/', '', 'x'.repeat(256), 'a b', 'b/c'];
    const { registry } = await registryThatSays(() => JSON.stringify({ repositories: list }));
    expect((await readCatalog(registry, {}, here)).repositories).toEqual(['a', 'b/c']);
  });

  it.each([
    ['{"repositories":null}', []],
    ['{"repositories":[]}', []],
  ])('is empty where the registry says %s', async (body, repositories) => {
    const { registry } = await registryThatSays(() => body);
    expect((await readCatalog(registry, {}, here)).repositories).toEqual(repositories);
  });

  it.each(['<html>', '', 'null', '[]', '{}', '{"repositories":{}}', '{"repositories":["a",1,null]}', '"a"'])(
    'is not to be had where the registry says %s',
    async (body) => {
      const { registry } = await registryThatSays(() => body);
      await expect(readCatalog(registry, {}, here)).rejects.toMatchObject({ name: 'REGISTRY_UNAVAILABLE' });
    },
  );
});
