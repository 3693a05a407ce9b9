import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { readLog } from '../record/read-log.ts';
import { describeNeeding } from '../support/needs.ts';
import { BUILDER, type Front, registryMoment, registryRequests, startFront } from './front.ts';
import {
  blobOf,
  digestOf,
  pushImage,
  putManifest,
  type SmallImage,
  smallImage,
  startUpload,
  type With,
} from './images.ts';

describeNeeding(['docker-registry'], 'mounting a blob of another repository', () => {
  let front: Front;
  let alice: With;
  let shown: SmallImage;
  let secret: SmallImage;

  beforeAll(async () => {
    front = await startFront({ users: ['alice', 'carol'] });
    alice = {
      token: await front.token({
        user: 'alice',
        scope: ['repository:pub:pull,push', 'repository:team/app:pull,push', 'repository:sec:pull'],
      }),
      from: BUILDER,
    };
    const carol = { token: await front.token({ user: 'carol', scope: 'repository:sec:pull,push' }) };
    shown = smallImage();
    secret = smallImage();
    expect((await pushImage(front.place, 'pub', 'l', shown, alice)).status).toBe(201);
    expect((await pushImage(front.place, 'sec', 'l', secret, carol)).status).toBe(201);
  }, 60_000);
  afterAll(() => front?.stop());

  /** Whether the target repository has the blob of the closed one. */
  const leaked = async (): Promise<boolean> =>
    (await front.ask({ method: 'HEAD', path: `/v2/team/app/blobs/${secret.layer.digest}`, ...alice }))
      .status !== 404;

  it('is done where the source may be read, and stands in the record of the push', async () => {
    for (const { digest } of [shown.layer, shown.config]) {
      const reply = await startUpload(front.place, 'team/app', alice, `?mount=${digest}&from=pub`);
      expect({ status: reply.status, location: reply.headers['location'] }).toEqual({
        status: 201,
        location: `/v2/team/app/blobs/${digest}`,
      });
    }
    expect((await putManifest(front.place, 'team/app', 'mounted', shown, alice)).status).toBe(201);
    const record = readLog(join(front.warden.folder, 'data')).findLast(
      ({ type }) => type === 'push.accepted',
    );
    expect(record).toMatchObject({
      subject: { repo: 'team/app', digest: shown.digest },
      mounted: [
        { digest: shown.layer.digest, from: 'pub' },
        { digest: shown.config.digest, from: 'pub' },
      ],
    });
  });

  it('becomes a plain upload where the token does not hold the source, whatever its user may read', async () => {
    const token = await front.token({ user: 'alice', scope: 'repository:team/app:pull,push' });
    const query = `?mount=${shown.layer.digest}&from=pub`;
    expect((await startUpload(front.place, 'team/other', alice, query)).status).toBe(401);
    expect((await startUpload(front.place, 'team/app', { token, from: BUILDER }, query)).status).toBe(202);
  });

  it('becomes a plain upload where the source may not be read', async () => {
    const since = await registryMoment(front.registry);
    const reply = await startUpload(front.place, 'team/app', alice, `?mount=${secret.layer.digest}&from=sec`);
    expect(reply.status).toBe(202);
    expect(reply.headers['location']).toMatch(/^\/v2\/team\/app\/blobs\/uploads\//);
    expect(await leaked()).toBe(false);
    const requests = await registryRequests(front.registry, since);
    expect(requests.filter((line) => /mount=|from=/.test(line))).toEqual([]);
  });

  it.each<readonly [string, (digest: string) => string, readonly number[]]>([
    ['two sources', (d) => `?mount=${d}&from=pub&from=sec`, [400]],
    ['two sources, the closed one first', (d) => `?mount=${d}&from=sec&from=pub`, [400]],
    ['an empty source and one', (d) => `?mount=${d}&from=&from=sec`, [400]],
    ['two digests', (d) => `?mount=${d}&mount=${d}&from=sec`, [400]],
    ['an encoded name', (d) => `?mount=${d}&fro%6d=sec`, [202]],
    ['an encoded value', (d) => `?mount=${d}&from=%73ec`, [202]],
    ['an encoded digest', (d) => `?mount=${d.replace(':', '%3A')}&from=sec`, [202]],
    ['a semicolon', (d) => `?mount=${d}&from=sec;x`, [400]],
    ['a semicolon as separator', (d) => `?mount=${d};from=sec`, [400, 202]],
    ['brackets', (d) => `?mount=${d}&from[]=sec`, [202]],
    ['capitals', (d) => `?mount=${d}&FROM=sec`, [202]],
    ['no source', (d) => `?mount=${d}`, [202]],
    ['no digest', () => '?from=sec', [202]],
    ['a source with a host', (d) => `?mount=${d}&from=host:5000/sec`, [400]],
    ['a source in capitals', (d) => `?mount=${d}&from=SEC`, [400]],
    ['a NUL behind the source', (d) => `?mount=${d}&from=sec%00`, [400]],
    ['a path', (d) => `?mount=${d}&from=../sec`, [400]],
    ['a path from an open one', (d) => `?mount=${d}&from=pub/../sec`, [400]],
    ['a blank before it', (d) => `?mount=${d}&from=+sec`, [400]],
    ['a second question mark', (d) => `?mount=${d}&from=pub?from=sec`, [400]],
    ['a fragment', (d) => `?mount=${d}&from=sec%23`, [400]],
    ['what is no digest', () => '?mount=latest&from=sec', [400]],
    ['sha512', () => `?mount=sha512:${'a'.repeat(128)}&from=sec`, [400]],
    ['crane’s origin', (d) => `?mount=${d}&from=sec&origin=other.example`, [202]],
  ])('gives nothing away to %s', async (_what, query, statuses) => {
    const since = await registryMoment(front.registry);
    const reply = await startUpload(front.place, 'team/app', alice, query(secret.layer.digest));
    expect(statuses).toContain(reply.status);
    expect(await leaked()).toBe(false);
    const requests = await registryRequests(front.registry, since);
    expect(requests.filter((line) => /mount=|from=|origin=/i.test(line))).toEqual([]);
  });

  const urlencoded = () => `mount=${secret.layer.digest}&from=sec`;
  const multipart = () =>
    ['mount', 'from']
      .map(
        (name, at) =>
          `--b\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${[secret.layer.digest, 'sec'][at]}\r\n`,
      )
      .concat('--b--\r\n')
      .join('');

  it.each<readonly [string, string, () => string, boolean, string]>([
    ['urlencoded', 'application/x-www-form-urlencoded', urlencoded, false, ''],
    ['urlencoded in capitals', 'Application/X-WWW-Form-Urlencoded', urlencoded, false, ''],
    ['urlencoded with a charset', 'application/x-www-form-urlencoded; charset=utf-8', urlencoded, false, ''],
    ['urlencoded with blanks', ' application/x-www-form-urlencoded ;x', urlencoded, false, ''],
    ['urlencoded in chunks', 'application/x-www-form-urlencoded', urlencoded, true, ''],
    ['urlencoded over an open mount', 'application/x-www-form-urlencoded', urlencoded, false, 'pub'],
    ['multipart', 'multipart/form-data; boundary=b', multipart, false, ''],
    ['multipart in chunks', 'multipart/form-data; boundary=b', multipart, true, ''],
    ['multipart of another kind', 'multipart/mixed; boundary=b', multipart, false, ''],
  ])('does not heed a form as body: %s', async (_what, type, body, inChunks, from) => {
    const since = await registryMoment(front.registry);
    const text = body();
    const reply = await front.ask({
      ...alice,
      method: 'POST',
      path: `/v2/team/app/blobs/uploads/${from && `?mount=${shown.layer.digest}&from=${from}`}`,
      headers: { 'content-type': type, ...(inChunks && { 'transfer-encoding': 'chunked' }) },
      body: inChunks ? [text.slice(0, 10), text.slice(10)] : text,
    });
    expect({ status: reply.status, code: reply.error?.code }).toEqual({ status: 415, code: 'UNSUPPORTED' });
    expect(await leaked()).toBe(false);
    expect((await registryRequests(front.registry, since)).filter((line) => line.includes('POST'))).toEqual(
      [],
    );
  });

  it('does not heed a form that calls itself something else', async () => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded,x', 'application/json', '']) {
      const reply = await front.ask({
        ...alice,
        method: 'POST',
        path: '/v2/team/app/blobs/uploads/',
        headers: { 'content-type': type },
        body: urlencoded(),
      });
      expect([202, 415]).toContain(reply.status);
      expect(await leaked()).toBe(false);
    }
  });

  it('commits an upload under the digest of its address, whatever a form says', async () => {
    const content = blobOf('some content');
    const other = blobOf('another content');
    for (const type of ['application/x-www-form-urlencoded', 'multipart/form-data; boundary=b']) {
      const start = await startUpload(front.place, 'team/app', alice);
      const reply = await front.ask({
        ...alice,
        method: 'PUT',
        path: `${start.headers['location']}&digest=${content.digest}`,
        headers: { 'content-type': type },
        body: `digest=${other.digest}`,
      });
      expect(reply.status).toBe(415);
    }
    // Content that looks like a form is content, when it comes as such.
    const start = await startUpload(front.place, 'team/app', alice);
    const form = blobOf(`digest=${other.digest}`);
    const reply = await front.ask({
      ...alice,
      method: 'PUT',
      path: `${start.headers['location']}&digest=${form.digest}`,
      headers: { 'content-type': 'application/octet-stream' },
      body: form.bytes,
    });
    expect(reply.status).toBe(201);
    const back = await front.ask({ path: `/v2/team/app/blobs/${form.digest}`, ...alice });
    expect(digestOf(back.bytes)).toBe(form.digest);
  });

  it('begins an upload with an empty body of any type', async () => {
    const reply = await front.ask({
      ...alice,
      method: 'POST',
      path: '/v2/team/app/blobs/uploads/?origin=x',
      headers: { 'content-type': 'application/json' },
      body: '',
    });
    expect(reply.status).toBe(202);
  });
});
