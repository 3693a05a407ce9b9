/** What holds whichever way bodies leave: the answer is the one that Warden itself gives. */
import { renameSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../gate/eventually.ts';
import { BUILDER, registryMoment, registryRequests } from '../gate/front.ts';
import { type Blob, pushImage, putBlob, smallImage } from '../gate/images.ts';
import type { Ask, Reply } from '../gate/wire.ts';
import { describeNeeding } from '../support/needs.ts';
import { requireSuccess } from '../support/process.ts';
import { LARGE, type Mode, openSite, pullOf, type Site } from './site.ts';

/** What clients look at. */
const HEADERS = [
  'content-length',
  'content-type',
  'content-range',
  'docker-content-digest',
  'docker-distribution-api-version',
  'etag',
  'accept-ranges',
  'last-modified',
];

function seen({ status, headers, bytes }: Reply): unknown {
  // nginx does not say with a part that there are parts.
  const compared = HEADERS.filter((name) => status !== 206 || name !== 'accept-ranges');
  return {
    status,
    headers: Object.fromEntries(compared.map((name) => [name, headers[name]])),
    length: bytes.length,
    bytes: bytes.toString('base64').slice(0, 200),
  };
}

/** A refusal names the request's own id. */
function withoutId({ status, text }: Reply): unknown {
  return { status, text: text.replace(/[0-9a-f]{16}/g, 'ID') };
}

export function describeBodies(mode: Mode, version: 2 | 3): void {
  const registry = version === 3 ? 'distribution3' : 'docker-registry';
  describeNeeding(
    [registry, 'nginx'],
    `bodies by nginx (${mode}), with a registry of version ${version}`,
    () => {
      let site: Site;
      let blob: Blob;
      let pull: Ask;

      beforeAll(async () => {
        site = await openSite({ mode, version, deletes: true });
        blob = await site.put('pub', LARGE);
        pull = await pullOf(site, 'pub', blob);
      }, 60_000);
      afterAll(() => site?.stop());

      /** Asks both ways: the answers must be the same. @returns how many bodies nginx sent, and the answer. */
      async function bothWays(question: Ask): Promise<{ readonly left: number; readonly reply: Reply }> {
        const before = await site.offloaded();
        const reply = await site.through(question);
        const left = (await site.offloaded()) - before;
        expect(seen(reply)).toEqual(seen(await site.direct(question)));
        expect(await site.offloaded()).toBe(before + left);
        expect(reply.headers).not.toHaveProperty('x-accel-redirect');
        return { left, reply };
      }

      it('are those that were pushed; the registry is asked for the head alone', async () => {
        const mark = await registryMoment(site.front.registry);
        const { bytes } = await site.through(pull);
        expect(bytes.equals(blob.bytes)).toBe(true);
        const asked = await registryRequests(site.front.registry, mark);
        expect(asked).toHaveLength(1);
        expect(asked[0]).toContain(`"HEAD /v2/pub/blobs/${blob.digest} `);
      });

      it('come under the same head as from Warden', async () => {
        const { left, reply } = await bothWays(pull);
        expect(left).toBe(1);
        expect(reply.headers['cache-control']).toMatch(/max-age=31536000/);
      });

      it.each([
        ['the middle', 'bytes=1000-150999', 206],
        ['the end, from a byte on', 'bytes=100000-', 206],
        ['more than there is', `bytes=0-${10 * LARGE}`, 206],
      ])('come in part: %s', async (_what, range, status) => {
        const { left, reply } = await bothWays({ ...pull, headers: { range } });
        expect({ left, status: reply.status }).toEqual({ left: 1, status });
        const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(range) ?? [];
        const end = to === '' ? LARGE : Math.min(Number(to) + 1, LARGE);
        expect(reply.bytes.equals(blob.bytes.subarray(Number(from), end))).toBe(true);
      });

      it.each<readonly [string, Readonly<Record<string, string>>]>([
        ['of a few bytes', { range: 'bytes=0-9' }],
        ['of the last bytes', { range: 'bytes=-100000' }],
        ['behind the end', { range: `bytes=${LARGE}-` }],
        ['that ends before it begins', { range: 'bytes=9-5' }],
        ['in another unit', { range: 'lines=1-2' }],
      ])('are not left to nginx for a part %s', async (_what, headers) => {
        expect((await bothWays({ ...pull, headers })).left).toBe(0);
      });

      it.each<readonly [string, (digest: string) => Readonly<Record<string, string>>, number]>([
        ['what the client has', (digest) => ({ 'if-none-match': `"${digest}"` }), 304],
        ['anything', () => ({ 'if-none-match': '*' }), 304],
        ['something else', () => ({ 'if-none-match': '"x"' }), 200],
        ['a part of what it had', (digest) => ({ 'if-range': `"${digest}"`, range: 'bytes=5-99999' }), 206],
        ['a part of something else', () => ({ 'if-range': '"x"', range: 'bytes=5-99999' }), 200],
        ['a time', () => ({ 'if-modified-since': 'Mon, 23 Nov 2099 00:00:00 GMT' }), 200],
      ])('are the registry’s to judge where the client names %s', async (_what, headers, status) => {
        const { left, reply } = await bothWays({ ...pull, headers: headers(blob.digest) });
        expect({ left, status: reply.status }).toEqual({ left: 0, status });
      });

      it('are not begun for a HEAD', async () => {
        const { left, reply } = await bothWays({ ...pull, method: 'HEAD' });
        expect({ left, status: reply.status, length: reply.headers['content-length'] }).toEqual({
          left: 0,
          status: 200,
          length: String(LARGE),
        });
      });

      it('that are small go through Warden, and their size is asked for once', async () => {
        const small = await site.put('pub', 1000);
        const question = await pullOf(site, 'pub', small);
        for (const asked of [2, 1]) {
          const mark = await registryMoment(site.front.registry);
          const before = await site.offloaded();
          expect((await site.through(question)).bytes.equals(small.bytes)).toBe(true);
          expect(await site.offloaded()).toBe(before);
          expect(await registryRequests(site.front.registry, mark)).toHaveLength(asked);
        }
      });

      describe('are given to nobody who would not get them from Warden:', () => {
        async function refused(question: Ask, status: number): Promise<void> {
          const before = await site.offloaded();
          const reply = await site.through(question);
          expect(reply.status).toBe(status);
          expect(withoutId(reply)).toEqual(withoutId(await site.direct(question)));
          expect(await site.offloaded()).toBe(before);
        }

        it('a blob of a repository that the policy does not show', async () => {
          const secret = await site.put('sec', LARGE);
          expect((await site.through(await pullOf(site, 'sec', secret, 'carol'))).bytes).toEqual(
            secret.bytes,
          );
          await refused(await pullOf(site, 'sec', secret), 403);
          await refused(await pullOf(site, 'sec', secret, 'alice'), 403);
        });

        it('a blob that only another repository has, under a name that one may pull', async () => {
          const secret = await site.put('hidden', LARGE);
          const { token } = pull;
          await refused({ path: `/v2/pub/blobs/${secret.digest}`, ...(token && { token }) }, 404);
        });

        it('a request without a token, or with one for another repository', async () => {
          await refused({ path: pull.path }, 401);
          await refused({ ...(await pullOf(site, 'team/app', blob)), path: pull.path }, 401);
        });

        it('a blob that was deleted', async () => {
          const gone = await site.put('pub', LARGE);
          const question = await pullOf(site, 'pub', gone);
          expect((await site.through(question)).status).toBe(200);
          const token = await site.front.token({ user: 'dave', scope: 'repository:pub:pull,delete' });
          const { status } = await site.direct({ method: 'DELETE', path: question.path, token });
          expect(status).toBe(202);
          await refused(question, 404);
        });
      });

      it('are left to nginx neither for who comes past it, nor for who claims to be it', async () => {
        const before = await site.offloaded();
        const forged = { 'x-forwarded-for': '127.0.0.1', 'x-forwarded-proto': 'https' };
        for (const question of [
          { ...pull, from: '127.0.0.1' },
          { ...pull, from: BUILDER },
          { ...pull, from: BUILDER, headers: forged },
        ]) {
          const reply = await site.direct(question);
          expect(reply.status).toBe(200);
          expect(reply.headers).not.toHaveProperty('x-accel-redirect');
          expect(reply.bytes.equals(blob.bytes)).toBe(true);
        }
        expect(await site.offloaded()).toBe(before);
      });

      it('are not reached by a client that names the path itself, or writes the proxy’s header', async () => {
        const secret = await site.put('hidden', LARGE);
        const hex = secret.digest.slice('sha256:'.length);
        const path = `/warden-blobs/sha256/${hex.slice(0, 2)}/${hex}/data`;
        const wrong = mode === 'accel' ? 404 : 403;
        expect((await site.once({ path })).status).toBe(wrong);
        expect((await site.once({ path: path.replace('/warden', '//warden') })).status).toBe(wrong);
        expect((await site.once({ path: `/x/..${path}` })).status).toBe(wrong);
        expect((await site.once({ path: '/warden-blobs/sha256/../../repositories/hidden/' })).status).toBe(
          404,
        );
        const headers = { 'x-accel-redirect': path };
        expect((await site.once({ ...pull, path: '/v2/', headers })).text).toBe('{}');
        expect((await site.through({ ...pull, headers })).bytes.equals(blob.bytes)).toBe(true);
        const { digest } = await site.put('pub', 100);
        const small = { ...pull, path: `/v2/pub/blobs/${digest}`, headers };
        expect((await site.through(small)).bytes).toHaveLength(100);
      });

      it('are told in the log with their bytes, under the id that the registry has too', async () => {
        const { headers } = await site.once(pull);
        const id = headers['x-request-id'];
        const line = await eventually(
          () => site.front.warden.logLines().find((one) => one['requestId'] === id),
          (found) => found !== undefined,
        );
        expect(line).toMatchObject({
          msg: 'request',
          status: mode === 'accel' ? 200 : 307,
          route: 'blob',
          action: 'pull',
          rules: ['intranet-pulls'],
          offload: mode,
          offloadedBytes: LARGE,
          bytesOut: 0,
        });
        await eventually(
          () => site.front.registry.log().includes(`warden/${id}`),
          (found) => found,
        );
        const { text } = await site.front.operations('/metrics');
        expect(text).toMatch(new RegExp(`^warden_offloaded_bytes_total\\{mode="${mode}"\\} [1-9]`, 'm'));
        expect(text).toMatch(/^warden_decisions_total\{action="pull",verdict="granted"\} [1-9]/m);
      });

      it('change nothing of the inventory: the pull is counted at the manifest', async () => {
        const image = smallImage({ layerBytes: LARGE });
        const token = await site.front.token({ user: 'alice', scope: 'repository:team/app:pull,push' });
        const pushed = await pushImage(site.front.place, 'team/app', 'v1', image, { token, from: BUILDER });
        expect(pushed.status).toBe(201);
        const reader = await site.front.token({ scope: 'repository:team/app:pull' });
        const before = await site.offloaded();
        const address = '127.0.0.77';
        for (const path of [`manifests/v1`, `blobs/${image.layer.digest}`, `blobs/${image.config.digest}`]) {
          const reply = await site.through({ path: `/v2/team/app/${path}`, token: reader, from: address });
          expect(reply.status).toBe(200);
        }
        expect(await site.offloaded()).toBe(before + 1);
        const pulls = await eventually(
          async () => {
            const { stdout } = requireSuccess(
              await site.front.warden.cli(['audit', 'pulls', '--address', address, '--json']),
            );
            return (JSON.parse(stdout) as { items: Record<string, unknown>[] }).items;
          },
          (items) => items.length > 0,
        );
        expect(pulls).toEqual([
          expect.objectContaining({ digest: image.digest, reference: 'v1', gets: 1, heads: 0, subject: '' }),
        ]);
      });

      it('that are a manifest’s bytes do not become an image', async () => {
        const padding = 'x'.repeat(LARGE);
        const manifest = smallImage({ change: (text) => Object.assign(text, { annotations: { padding } }) });
        const token = await site.front.token({ user: 'alice', scope: 'repository:pub:pull,push' });
        for (const part of [manifest.layer, manifest.config, manifest]) {
          const { status } = await putBlob(site.front.place, 'pub', part, { token, from: BUILDER });
          expect(status).toBe(201);
        }
        const { token: reader } = pull;
        const ask = (kind: string) =>
          site.through({ path: `/v2/pub/${kind}/${manifest.digest}`, ...(reader && { token: reader }) });
        expect((await ask('blobs')).bytes.equals(manifest.bytes)).toBe(true);
        expect((await ask('manifests')).status).toBe(404);
      });

      it('that are collected as garbage in between are unknown, in the words of a registry', async () => {
        // nginx sees the storage by a link: without it the files are gone for nginx alone.
        renameSync(site.view, `${site.view}-away`);
        try {
          const reply = await site.through(pull);
          expect({ status: reply.status, code: reply.error?.code }).toEqual({
            status: 404,
            code: 'BLOB_UNKNOWN',
          });
        } finally {
          renameSync(`${site.view}-away`, site.view);
        }
        expect((await site.through(pull)).status).toBe(200);
      });
    },
  );
}
