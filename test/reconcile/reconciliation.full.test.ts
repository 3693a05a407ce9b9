import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { eventually } from '../gate/eventually.ts';
import { describeNeeding } from '../support/needs.ts';
import { changeSettings, runCli } from '../support/warden.ts';
import { expectNotedWhenTold } from './noted-when-told.ts';
import { FINDINGS, notify, type Site, startSite } from './site.ts';

describeNeeding(['docker-registry'], 'a comparison of the record with the registry', () => {
  let site: Site;
  beforeEach(async () => {
    site = await startSite();
  }, 60_000);
  afterEach(() => site?.stop());

  it('does not take pushes under way for differences', async () => {
    let going = true;
    let pushed = 0;
    const pushers = ['pub', 'team/app', 'team/other'].map(async (repository) => {
      while (going) {
        await site.push(repository, `t${pushed % 3}`);
        pushed++;
      }
    });
    try {
      for (let run = 0; run < 3; run++) {
        expect((await site.reconcile()).counts).toMatchObject({ drifted: 0, found: 0, missing: 0 });
      }
    } finally {
      going = false;
      await Promise.all(pushers);
    }
    // At least one by each of them: how many more is up to the machine.
    expect(pushed).toBeGreaterThanOrEqual(3);
    expect(site.records(...FINDINGS)).toEqual([]);
  }, 60_000);

  it('goes on past what the registry cannot read, and says what that was', async () => {
    await site.push('pub', 'broken');
    const other = await site.pushAround('team/app', 'new');
    const link = 'docker/registry/v2/repositories/pub/_manifests/tags/broken/current/link';
    writeFileSync(join(site.behind.storage, link), 'no digest');
    const report = await site.reconcile();
    expect(report.differences).toContainEqual({ type: 'unreadable', repo: 'pub', reference: 'broken' });
    expect(report.counts).toMatchObject({ unreadable: 1, drifted: 1 });
    expect(site.records('tag.drift')).toMatchObject([{ subject: { digest: other.digest } }]);
  });

  it('stops where the registry does not answer, and goes on from there in the next process', async () => {
    for (let at = 0; at < 5; at++) await site.push('pub', `t${at}`);
    await site.behind.kill();
    await site.front.registry.kill();
    const stopped = await site.reconcile();
    expect(stopped.stopped).toContain('registry');
    expect(site.records('log.reconciled')).toEqual([]);
    await site.front.registry.restart();
    await site.front.warden.restart();
    expect(await site.report()).toBeNull();
    const ended = await site.reconcile();
    expect(ended.began).toBe(stopped.began);
    expect(ended.stopped).toBeUndefined();
    expect(site.records('log.reconciled')).toHaveLength(1);
  }, 60_000);

  it('is done by command, of a running Warden over the API, and on the files where none runs', async () => {
    const { warden, passwords } = site.front;
    const over = await site.pushAround('pub', 'by-command');
    const running = await runCli(
      warden.settingsFile,
      ['log', 'reconcile', '--url', warden.url, '--user-name', 'erin', '--password-stdin', '--json'],
      { input: passwords.erin },
    );
    expect({ status: running.status, stderr: running.stderr }).toEqual({ status: 1, stderr: '' });
    expect(JSON.parse(running.stdout)).toMatchObject({
      counts: { drifted: 1, found: 1 },
      differences: [{ type: 'tag.drift', found: over.digest }, { type: 'manifest.found' }],
    });

    // One process writes the log.
    const beside = await warden.cli(['log', 'reconcile']);
    expect(beside.status).toBe(3);
    expect(beside.stderr).toContain('is in use by another process');

    await warden.kill();
    const again = await site.pushAround('pub', 'by-command');
    const alone = await warden.cli(['log', 'reconcile']);
    expect(alone.status).toBe(1);
    expect(alone.stdout.split('\n').slice(0, 2)).toEqual([
      `tag.drift pub:by-command: on record ${over.digest}, in the registry ${again.digest}`,
      `manifest.found pub:by-command ${again.digest}`,
    ]);
    expect((await warden.cli(['log', 'reconcile'])).status).toBe(0);
    expect(site.records('log.reconciled').at(-1)).toMatchObject({
      actor: { method: 'command', evidence: 'claimed' },
      machine: expect.any(String),
    });
  }, 120_000);

  it('begins by itself where the schedule says so', async () => {
    await site.pushAround('pub', 'theirs');
    changeSettings(site.front.warden.settingsFile, { reconcile: { everyHours: 1 } });
    await site.front.warden.restart();
    // It looks at the time once a minute.
    await eventually(
      () => site.records('log.reconciled').length,
      (runs) => runs === 1,
      90_000,
    );
    expect(site.records('log.reconciled')[0]).not.toHaveProperty('actor');
    expect(site.records('manifest.found')).toHaveLength(1);
  }, 120_000);
});

const registries = [
  [2, 'docker-registry'],
  [3, 'distribution3'],
] as const;
for (const [version, program] of registries) {
  describeNeeding([program], `notifications of ${program}`, () => {
    let site: Site;
    beforeEach(async () => {
      const settings = { reconcile: { notifications: true } };
      site = await startSite({ notifications: true, settings, version });
    }, 60_000);
    afterEach(() => site?.stop());

    const post = (body: string, headers = {}) => notify(site, body, headers);
    /** In milliseconds: what is suspected has been looked at again. */
    const settled = () => sleep(3_000);

    it(
      'make Warden look, and what came round it is on record soon',
      () => expectNotedWhenTold(site),
      180_000,
    );

    it('in a flood are bounded, and pushes go on', async () => {
      const event = (at: number) => ({
        action: 'push',
        target: {
          repository: `pub/r${at}`,
          tag: 'x',
          mediaType: 'application/vnd.oci.image.manifest.v1+json',
        },
      });
      const floods = Array.from({ length: 150 }, (_, n) =>
        post(JSON.stringify({ events: Array.from({ length: 100 }, (_x, at) => event(n * 100 + at)) })),
      );
      const statuses = new Set((await Promise.all(floods)).map(({ status }) => status));
      expect([...statuses].filter((status) => status !== 200 && status !== 503)).toEqual([]);
      const since = site.front.registry.log().split('\n').length;
      await site.push('pub', 'through');
      await settled();
      // With 20 looks a second, three seconds and a push are no more than these.
      const lines = site.front.registry.log().split('\n').slice(since);
      expect(lines.filter((line) => line.includes('/v2/pub/r')).length).toBeLessThan(300);
      expect(site.records(...FINDINGS)).toEqual([]);
    });
  });
}
