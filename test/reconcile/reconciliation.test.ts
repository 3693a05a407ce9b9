import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { putManifest } from '../gate/images.ts';
import { describeNeeding } from '../support/needs.ts';
import { expectNotedWhenTold } from './noted-when-told.ts';
import { FINDINGS, notify, type Site, startSite } from './site.ts';

describeNeeding(['docker-registry'], 'comparing the record with the registry', () => {
  let site: Site;
  beforeAll(async () => {
    site = await startSite();
  }, 60_000);
  afterAll(() => site?.stop());

  it('is asked for only by those who may read the record of every repository', async () => {
    const asked = (user: 'alice' | 'erin', type = 'application/json') =>
      site.front.ask({
        method: 'POST',
        path: '/api/v1/reconciliation',
        headers: { 'content-type': type },
        basic: { user, password: site.front.passwords[user] },
      });
    expect((await asked('alice')).status).toBe(403);
    expect((await asked('erin', 'text/plain')).status).toBe(415);
    expect((await site.front.ask({ path: '/api/v1/reconciliation' })).status).toBe(401);
    expect(await site.report()).toBeNull();
  });

  it('finds nothing where everything came through Warden, and says so on record', async () => {
    await site.push('pub', '1');
    await site.push('pub', '1');
    await site.push('team/app', '2');
    const report = await site.reconcile();
    expect(report).toMatchObject({
      counts: { entries: 5, repositories: 2, tags: 2, drifted: 0, found: 0, missing: 0, skipped: 0 },
      differences: [],
    });
    expect(report.stopped).toBeUndefined();
    expect(site.records(...FINDINGS)).toEqual([]);
    expect(site.records('log.reconciled')).toMatchObject([
      { actor: { sub: 'erin', evidence: 'verified' }, peer: { ip: '127.0.0.1' }, reconciled: report.counts },
    ]);
  });

  it('finds what came round Warden and what is gone, in both directions, and each only once', async () => {
    const moved = await site.push('pub', 'moved');
    const gone = await site.push('pub', 'gone');
    const kept = await site.push('pub', 'kept');
    const over = await site.pushAround('pub', 'moved');
    const other = await site.pushAround('team/other', 'new');
    await site.deleteAround('pub', gone.digest);
    const report = await site.reconcile();
    expect(report.counts).toMatchObject({ drifted: 3, found: 2, missing: 1, skipped: 0, unreadable: 0 });
    expect(site.records('tag.drift')).toMatchObject([
      { subject: { repo: 'pub', digest: over.digest }, tag: { name: 'moved', from: moved.digest } },
      { subject: { repo: 'pub' }, tag: { name: 'gone', from: gone.digest } },
      { subject: { repo: 'team/other', digest: other.digest }, tag: { name: 'new' } },
    ]);
    expect(site.records('manifest.found')).toMatchObject([
      { subject: { repo: 'pub', digest: over.digest }, tag: { name: 'moved' } },
      { subject: { repo: 'team/other', digest: other.digest }, tag: { name: 'new' } },
    ]);
    expect(site.records('manifest.missing')).toMatchObject([
      { subject: { repo: 'pub', digest: gone.digest } },
    ]);
    expect(JSON.stringify(site.records(...FINDINGS))).not.toContain(kept.digest);
    expect(report.differences).toContainEqual({
      type: 'tag.drift',
      repo: 'pub',
      tag: 'moved',
      expected: moved.digest,
      found: over.digest,
    });

    const again = await site.reconcile();
    expect(again.counts).toMatchObject({ drifted: 0, found: 0, missing: 0 });
    expect(site.records(...FINDINGS)).toHaveLength(6);
  });

  it('finds what is back again, and a whole repository that is gone', async () => {
    const image = await site.push('pub', '1');
    await site.push('team/app', '1');
    await site.deleteAround('pub', image.digest);
    rmSync(join(site.behind.storage, 'docker/registry/v2/repositories/team/app'), { recursive: true });
    expect((await site.reconcile()).counts).toMatchObject({ drifted: 3, missing: 3 });
    expect((await putManifest(site.around, 'pub', '1', image, {})).status).toBe(201);
    expect((await site.reconcile()).counts).toMatchObject({ drifted: 1, found: 1, missing: 0 });
    expect((await site.reconcile()).counts).toMatchObject({ drifted: 0, found: 0, missing: 0 });
  });
});

describeNeeding(['docker-registry'], 'notifications of the registry', () => {
  let site: Site;
  beforeAll(async () => {
    site = await startSite({ notifications: true, settings: { reconcile: { notifications: true } } });
  }, 60_000);
  afterAll(() => site?.stop());

  const post = (body: string, headers = {}) => notify(site, body, headers);
  /** In milliseconds: what is suspected has been looked at again. */
  const settled = () => sleep(3_000);

  it('are read with care', async () => {
    const status = async (body: string, headers = {}) => (await post(body, headers)).status;
    expect(await status('{')).toBe(400);
    expect(await status('{"events":1}')).toBe(400);
    expect(await status('{"events":[]}', { 'content-type': 'text/plain' })).toBe(415);
    expect(await status(`{"events":[],"x":"${'y'.repeat(300_000)}"}`)).toBe(413);
    expect(
      await status('{"events":[null,1,{"action":"push","target":{"repository":"../x","tag":"y"}}]}'),
    ).toBe(200);
    const { status: got } = await site.front.operations('/registry/notifications');
    expect(got).toBe(405);
  });

  it('prove nothing: of a push that failed, or of whatever anybody sends, nothing is recorded', async () => {
    const image = await site.push('pub', 'good');
    // The registry stores the manifest, fails at the tag, and still tells of a push of it.
    const tags = join(site.behind.storage, 'docker/registry/v2/repositories/pub/_manifests/tags');
    mkdirSync(tags, { recursive: true });
    writeFileSync(join(tags, 'bad'), '');
    const before = site.front.registry.log().length;
    const failed = await putManifest(site.front.place, 'pub', 'bad', image, site.alice);
    rmSync(join(tags, 'bad'));
    expect(failed.status).toBeGreaterThanOrEqual(500);
    const target = {
      mediaType: image.mediaType,
      repository: 'pub',
      digest: `sha256:${'a'.repeat(64)}`,
    };
    const lies = [
      { action: 'push', target: { ...target, tag: 'good' } },
      { action: 'push', target: { ...target, tag: 'never' } },
      { action: 'push', target },
      { action: 'delete', target: { repository: 'pub', tag: 'good' } },
      { action: 'delete', target: { repository: 'pub', digest: image.digest } },
    ];
    expect((await post(JSON.stringify({ events: lies }))).status).toBe(200);
    await settled();
    expect(site.front.registry.log().slice(before)).toContain('/manifests/never');
    expect(site.records(...FINDINGS)).toEqual([]);
  });

  it(
    'make Warden look, so that what came round it is on record soon',
    () => expectNotedWhenTold(site),
    180_000,
  );
});
