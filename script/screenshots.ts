/**
 * Takes the pictures of the page that docs/ shows, of a registry that is always the same, with the browser and the set-up
 * of the tests: `node script/screenshots.ts`. Needs docker-registry and chromium.
 */

import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { eventually } from '../test/gate/eventually.ts';
import { buildPage } from '../test/page/build.ts';
import { fillCompany, NOW } from '../test/page/company.ts';
import { newReader, startBrowser } from '../test/support/browser.ts';
import { startWarden } from '../test/support/warden.ts';

const FOLDER = join(import.meta.dirname, '..', 'docs', 'images');

const POLICY = `
networks:
  intranet: [127.0.0.0/8]
rules:
  - id: auditors
    allow: [audit, policy]
    repositories: ["**"]
    who: { groups: [auditors] }
`;

interface Shot {
  readonly name: string;
  /** Behind /ui/. */
  readonly path: string;
  readonly dark?: boolean;
  readonly width?: number;
  readonly height: number;
  readonly before?: (page: Page) => Promise<unknown>;
}

/** @param index of the record that is shown whole. */
const shots = (index: number): readonly Shot[] => [
  { name: 'page-overview', path: '', height: 860 },
  { name: 'page-overview-dark', path: '', dark: true, height: 860 },
  { name: 'page-records', path: 'records', height: 700 },
  {
    name: 'page-record',
    path: `record/${index}`,
    height: 1180,
    before: async (page) => {
      await page.click('text=Check it in this browser');
      await page.waitForSelector('text=In the signed tree of');
      await page.evaluate('scrollTo(0, 0)');
    },
  },
  { name: 'page-narrow', path: `record/${index}`, width: 360, height: 720 },
];

await buildPage();
mkdirSync(FOLDER, { recursive: true });
const password = randomBytes(12).toString('base64url');
const warden = await startWarden({
  policy: POLICY,
  users: [{ name: 'erin', password, groups: ['auditors'] }],
  settings: { transparency: { origin: 'registry.corp/push-log', keyFile: 'log.pem', lockFile: 'log.lock' } },
});
const browser = await startBrowser();
try {
  await warden.kill();
  await fillCompany(join(warden.folder, 'data'));
  await warden.restart();
  const { items } = await eventually(
    async () => {
      const authorization = `Basic ${Buffer.from(`erin:${password}`).toString('base64')}`;
      const address = `${warden.url}/api/v1/pushes?repository=shop/api&result=accepted`;
      const reply = await fetch(address, { headers: { authorization } });
      return (await reply.json()) as { readonly items: readonly { readonly index: number }[] };
    },
    (found) => found.items.length > 0,
  );
  for (const { name, path, dark = false, width = 1280, height, before } of shots(items[0]?.index ?? 0)) {
    const reader = await newReader(browser, { baseURL: warden.url, width, dark });
    const page = await reader.newPage();
    await page.clock.setFixedTime(NOW);
    await page.setViewportSize({ width, height });
    await page.goto(`/ui/${path}`);
    await page.fill('input[name=user]', 'erin');
    await page.fill('input[name=password]', password);
    await page.keyboard.press('Enter');
    await page.waitForSelector('main:has(h1):not(:has(.loading, .waiting)):not(.sign-in)');
    await before?.(page);
    await page.screenshot({ path: join(FOLDER, `${name}.png`) });
    await reader.close();
    console.log(`docs/images/${name}.png`);
  }
} finally {
  await browser.close();
  await warden.stop();
}
