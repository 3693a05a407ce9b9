import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { eventually } from '../gate/eventually.ts';
import { BUILDER, ELSEWHERE, tokenIn } from '../gate/front.ts';
import { blobOf } from '../gate/images.ts';
import { ask } from '../gate/wire.ts';
import { type Builds, startBuilds } from '../oidc/front.ts';
import { GITLAB } from '../oidc/shapes.ts';
import { artifact, layer, layeredImage, type Pushable, pushed } from '../record/layered.ts';
import { MEDIA_TYPES } from '../support/image.ts';
import { describeNeeding } from '../support/needs.ts';
import { openReader, signInWithPassword, startReading } from './reading.ts';

const [one, two, three, four] = ['1', '2', '3', '4'].map((name) => layer(`layer ${name}`)) as [
  ReturnType<typeof layer>,
  ReturnType<typeof layer>,
  ReturnType<typeof layer>,
  ReturnType<typeof layer>,
];
const BASE = layeredImage([one, two]);
const BEFORE = layeredImage([one, two, three], { labels: { version: '1' } });
const RUNNING = layeredImage([one, two, four], { labels: { version: '2' } });
/** As cosign pushes a signature. */
const SIGNATURE = artifact([{ blob: blobOf('signed'), mediaType: 'text/plain' }], {
  more: {
    subject: { mediaType: MEDIA_TYPES.manifest, digest: RUNNING.digest, size: RUNNING.bytes.length },
    artifactType: 'application/vnd.dev.cosign.artifact.sig.v1+json',
  },
});
/** Where the image runs. */
const HOST = ELSEWHERE;
const LATE_HOST = '127.0.0.8';

describeNeeding(['docker-registry', 'chromium'], 'an auditor', () => {
  let builds: Builds;
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    browser = await startReading();
    builds = await startBuilds(
      { transparency: { origin: 'registry.corp/log', keyFile: 'log.pem', lockFile: 'log.lock' } },
      {},
      ['alice', 'erin'],
    );
    const { front } = builds;
    const push = async (repository: string, tag: string | undefined, what: Pushable): Promise<void> => {
      const password = await builds.issuer.token({ ...GITLAB });
      const query = new URLSearchParams({
        service: front.service,
        scope: `repository:${repository}:pull,push`,
      });
      const login = { path: `/token?${query}`, basic: { user: 'jwt', password }, from: BUILDER };
      const token = tokenIn(await ask(front.place, login));
      await pushed(front.place, repository, tag, what, { token, from: BUILDER });
    };
    const pull = async (from: string): Promise<void> => {
      const token = await front.token({ scope: 'repository:team/app/web:pull', from });
      const reply = await front.ask({ path: '/v2/team/app/web/manifests/1.0', token, from });
      expect(reply.status).toBe(200);
    };
    await push('platform/base', '12', BASE);
    await push('team/app/web', '1.0', BEFORE);
    await pull(LATE_HOST);
    await push('team/app/web', '1.0', RUNNING);
    await pull(HOST);
    await push('team/app/web', undefined, SIGNATURE);
    ({ page } = await openReader(browser, { baseURL: front.warden.url }));
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await builds?.stop();
  });

  test('goes from the digest that a host runs to its push, its job and its base, proves it, and hands over a file that proves itself', async () => {
    const { front } = builds;
    await page.goto('/ui/');
    await signInWithPassword(page, 'erin', front.passwords.erin);

    // What docker inspect shows on the host.
    await page.click('nav >> text=Image');
    await page.fill('input[name=digest]', `${front.service}/team/app/web@${RUNNING.digest}`);
    await page.keyboard.press('Enter');
    await page.waitForSelector('.first:has-text("team/app/web")');
    // Who has it.
    await page.waitForSelector(`section:has-text("Who pulled it") li:has-text("${HOST}")`);
    await page.click('.first a');
    await page.waitForURL(/\/ui\/record\/\d+$/);
    const address = page.url();

    // Who, from which job, started by whom, by which rule.
    const card = (title: string) => page.locator(`section.card:has(h2:has-text("${title}"))`).first();
    await card('Build').waitFor();
    expect(await card('Who').textContent()).toContain('gitlab:project_path:team/app');
    expect(await card('Who').textContent()).toContain('alice');
    expect(await card('Who').textContent()).toContain('verified');
    expect(await card('Build').textContent()).toContain('302');
    expect(await card('Build').textContent()).toContain(GITLAB['sha']);
    expect(await card('From where').textContent()).toContain('jenkins-01');
    expect(await card('Why it was allowed').textContent()).toContain('builds-push-their-own');
    // On which base, and which of its layers came with it.
    await page.waitForSelector('.lineage a:has-text("platform/base:12")');
    expect(await page.locator('.layers li').count()).toBe(3);
    expect(await page.locator('.layers li:has-text("platform/base")').count()).toBe(2);
    expect(await page.locator('.layers li:has-text("came with this push")').count()).toBe(1);
    // What is signed, and what became of it.
    await page.waitForSelector('tr:has-text("cosign")');
    await page.waitForSelector('section:has(h2:has-text("What became of it")) li:has-text("referred to")');

    // What differs from the one before.
    await page.click('text=Compare with the one before');
    await page.waitForSelector('tr.differs:has-text("version")');
    expect(await page.textContent('div:has(> h3:has-text("Layers that went"))')).toContain(
      three.digest.slice(7, 19),
    );
    expect(await page.textContent('div:has(> h3:has-text("Layers that came"))')).toContain(
      four.digest.slice(7, 19),
    );

    // Proved in this browser.
    await page.goto(address);
    await page.click('text=Check it in this browser');
    await page.waitForSelector('text=In the signed tree of');

    // Who has not come back since the tag moved.
    await page.click('nav >> text=Hosts');
    await page.click('nav >> text=Behind');
    await page.waitForSelector(`tbody tr:has-text("${LATE_HOST}")`);
    expect(await page.locator('tbody tr').count()).toBe(1);

    // The file for the audit: of this repository, in lines of JSON with their proofs.
    await page.goto('/ui/records?repository=team/app/**&result=accepted');
    await page.click('button:has-text("Count")');
    await page.waitForSelector('.tools [role=status]:has-text("records")');
    await eventually(
      async () => (await front.ask({ path: '/api/v1/log/checkpoint', basic: erin() })).text.split('\n')[1],
      (size) => Number(size) > 5,
    );
    const [file] = await Promise.all([
      page.waitForEvent('download'),
      page.click('button:has-text("JSON lines")'),
    ]);
    expect(file.suggestedFilename()).toBe('pushes.ndjson');
    const saved = join(front.warden.folder, 'pushes.ndjson');
    await file.saveAs(saved);
    const good = await front.warden.cli(['log', 'check-export', saved]);
    expect(good.stdout).toMatch(/^good: [3-9] records of registry\.corp\/log/);
    expect(good.status).toBe(0);
    // The same file with another builder in it is found out.
    writeFileSync(saved, readFileSync(saved, 'utf8').replaceAll('jenkins-01', 'jenkins-02'));
    const changed = await front.warden.cli(['log', 'check-export', saved]);
    expect(changed.status).not.toBe(0);
    // And that somebody took it along is on record.
    await page.goto('/ui/records?type=export.made');
    await page.waitForSelector('tbody tr:has-text("export made"):has-text("erin")');
  }, 120_000);

  const erin = () => ({ user: 'erin', password: builds.front.passwords.erin }) as const;
});
