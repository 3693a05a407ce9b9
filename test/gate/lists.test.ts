import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { describeNeeding } from '../support/needs.ts';
import { BUILDER, type Front, registryMoment, registryRequests, startFront } from './front.ts';
import { pushImage, putManifest, type SmallImage, smallImage, type With } from './images.ts';
import type { Reply } from './wire.ts';

/** In no order, and of every kind of letter. */
const TAGS = ['v2', '1.0', 'latest', 'A', '_x', 'v10', 'a', '1.0-rc.1', 'sha256-abc'];
const NAMES = ['pub', 'pub/a', 'pub/b', 'team/app', 'team/lib'];

for (const [version, need] of [
  [2, 'docker-registry'],
  [3, 'distribution3'],
] as const) {
  describeNeeding([need], `the lists of a registry of version ${version}`, () => {
    let front: Front;
    let alice: With;
    let dave: With;
    let image: SmallImage;

    beforeAll(async () => {
      front = await startFront({ users: ['alice', 'carol', 'dave'], version });
      alice = {
        token: await front.token({
          user: 'alice',
          scope: NAMES.map((name) => `repository:${name}:pull,push`),
        }),
        from: BUILDER,
      };
      dave = {
        token: await front.token({ user: 'dave', scope: ['registry:catalog:*', 'repository:pub:pull'] }),
      };
      const carol = {
        token: await front.token({
          user: 'carol',
          scope: ['repository:sec:pull,push', 'repository:hidden:pull,push'],
        }),
      };
      image = smallImage();
      for (const name of NAMES)
        expect((await pushImage(front.place, name, 'l', image, alice)).status).toBe(201);
      for (const name of ['sec', 'hidden']) {
        expect((await pushImage(front.place, name, 'l', image, carol)).status).toBe(201);
      }
      for (const tag of TAGS)
        expect((await putManifest(front.place, 'pub', tag, image, alice)).status).toBe(201);
    }, 60_000);
    afterAll(() => front?.stop());

    /** All pages, each found by the Link of the one before, which must be an address of ours. */
    async function follow(first: string, who: With): Promise<Reply[]> {
      const pages: Reply[] = [];
      for (let path: string | undefined = first; path !== undefined && pages.length < 50; ) {
        const reply: Reply = await front.ask({ ...who, path });
        expect(reply.status).toBe(200);
        pages.push(reply);
        const link = reply.headers['link'];
        if (link !== undefined) expect(link).toMatch(/^<\/v2\/[^>]+>; rel="next"$/);
        path = /<([^>]+)>/.exec(link ?? '')?.[1];
      }
      return pages;
    }
    const all = [...TAGS, 'l'].sort();

    it.each([1, 3, 9, 10, 11, 1000])('give the tags in order, %i on a page, from Link to Link', async (n) => {
      const pages = await follow(`/v2/pub/tags/list?n=${n}`, dave);
      const lists = pages.map(({ text }) => (JSON.parse(text) as { tags: string[] }).tags);
      expect(lists.flat()).toEqual(all);
      expect(lists.slice(0, -1).every((list) => list.length === n)).toBe(true);
      expect(pages).toHaveLength(Math.ceil(all.length / n));
    });

    it('give the tags behind any name, whether it is one or not', async () => {
      for (const last of ['1.0', 'B', 'v', 'zzz', '']) {
        const reply = await front.ask({ ...dave, path: `/v2/pub/tags/list?last=${last}` });
        expect(JSON.parse(reply.text)).toEqual({ name: 'pub', tags: all.filter((tag) => tag > last) });
        expect(reply.headers['link']).toBeUndefined();
      }
    });

    it.each([1, 2, 3, 100])(
      'give the names that may be seen and no other, %i on a page, from Link to Link',
      async (n) => {
        const pages = await follow(`/v2/_catalog?n=${n}`, dave);
        const lists = pages.map(({ text }) => (JSON.parse(text) as { repositories: string[] }).repositories);
        expect(lists.flat()).toEqual(NAMES);
        const said = JSON.stringify(pages.map(({ text, headers }) => [text, headers['link']]));
        expect(said).not.toMatch(/sec|hidden/);
      },
    );

    it('give the catalogue to nobody without the right, from wherever in it', async () => {
      const since = await registryMoment(front.registry);
      for (const query of ['', '?n=1', '?n=1&last=x', '?last=pub', '?n=0']) {
        const path = `/v2/_catalog${query}`;
        expect((await front.ask({ ...alice, path })).status).toBe(403);
        expect((await front.ask({ path })).status).toBe(401);
        const pulls = { token: await front.token({ scope: 'repository:pub:pull' }) };
        expect((await front.ask({ ...pulls, path })).status).toBe(403);
      }
      expect(await registryRequests(front.registry, since)).toEqual([]);
    });

    it('say nothing of a repository that may not be read, whether it is there or not', async () => {
      for (const name of ['sec', 'hidden', 'none-of-these']) {
        const reply = await front.ask({ ...dave, path: `/v2/${name}/tags/list?n=1` });
        expect([name, reply.status, reply.error?.code]).toEqual([name, 403, 'DENIED']);
        expect(reply.headers['link']).toBeUndefined();
      }
    });
  });
}
