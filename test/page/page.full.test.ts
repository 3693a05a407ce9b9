import AxeBuilder from '@axe-core/playwright';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { BUILDER, type Front, startFront } from '../gate/front.ts';
import { pushImage, smallImage } from '../gate/images.ts';
import { newReader, startBrowser } from '../support/browser.ts';
import { describeNeeding } from '../support/needs.ts';
import { buildPage } from './build.ts';

/** What a pusher may write into an image, and what a page that trusted it would do. */
const HOSTILE = `"><img src=x onerror="document.title='broken'"><script>document.title='broken'</script>{{7*7}}\u202e`;

describeNeeding(['docker-registry', 'chromium'], 'the page in a browser', () => {
  let front: Front;
  let browser: Browser;
  let reader: BrowserContext;
  let page: Page;
  let said: string[];

  beforeAll(async () => {
    await buildPage();
    front = await startFront({ users: ['alice', 'erin'] });
    const token = await front.token({ user: 'alice', scope: 'repository:team/app:pull,push', from: BUILDER });
    const labels = { [HOSTILE]: HOSTILE };
    for (const tag of ['1', '2', '3']) {
      const reply = await pushImage(front.place, 'team/app', tag, smallImage({ labels }), {
        token,
        from: BUILDER,
        headers: { 'user-agent': HOSTILE.replace(/[^\x20-\x7e]/g, '') },
      });
      expect(reply.status).toBe(201);
    }
    browser = await startBrowser();
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    await front?.stop();
  });
  beforeEach(() => {
    said = [];
  });
  afterEach(() => reader?.close());

  async function open(
    options: { readonly width?: number; readonly dark?: boolean; readonly language?: string } = {},
  ) {
    reader = await newReader(browser, { baseURL: front.warden.url, ...options });
    page = await reader.newPage();
    page.on('pageerror', (error) => said.push(String(error)));
    page.on('console', (message) => {
      if (message.type() === 'error') said.push(message.text());
    });
    page.on('request', (request) => {
      if (!request.url().startsWith(front.warden.url) && !request.url().startsWith('data:'))
        said.push(request.url());
    });
    await page.goto('/ui/');
  }
  async function signIn(): Promise<void> {
    await page.fill('input[name=user]', 'erin');
    await page.fill('input[name=password]', front.passwords.erin);
    await page.keyboard.press('Enter');
    await page.waitForSelector('tbody tr');
  }
  async function faultsOfAccess(): Promise<readonly string[]> {
    const { violations } = await new AxeBuilder({ page })
      .withTags(['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa'])
      .analyze();
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
  }

  test('whoever signs in sees the pushes, and asks nobody but this server', async () => {
    await open();
    await signIn();
    expect(await page.locator('tbody tr').count()).toBe(3);
    expect(said).toEqual([]);
  });

  test('a wrong password is said where one looks', async () => {
    await open();
    await page.fill('input[name=user]', 'erin');
    await page.fill('input[name=password]', 'wrong');
    await page.keyboard.press('Enter');
    expect(await page.textContent('[role=alert]')).toContain('user name or password refused');
  });

  test('filters stand in the address, and the address is the question', async () => {
    await open();
    await signIn();
    await page.fill('input[name=tag]', '2');
    await page.keyboard.press('Enter');
    await page.waitForFunction("document.querySelectorAll('tbody tr').length === 1");
    expect(new URL(page.url()).search).toBe('?tag=2');
    await page.goto('/ui/?tag=none');
    await page.waitForSelector('text=No record fits');
    await page.goto('/ui/?unknown=1&since=never');
    expect(await page.textContent('[role=alert]')).toContain('filter');
  });

  test('without a mouse one comes to every record', async () => {
    await open();
    await signIn();
    await page.keyboard.press('Escape');
    await page.locator('h1').click();
    await page.keyboard.press('j');
    await page.keyboard.press('j');
    await page.keyboard.press('Enter');
    await page.waitForURL(/\/ui\/record\/\d+$/);
  });

  test('signing out ends what the browser had', async () => {
    await open();
    await signIn();
    await page.click('text=Sign out');
    await page.waitForSelector('input[name=user]');
    await page.reload();
    await page.waitForSelector('input[name=user]');
  });

  test('it speaks Chinese to those whose browser does, and keeps what one chose', async () => {
    await open({ language: 'zh-CN' });
    await page.waitForSelector('text=用户名');
    await page.selectOption('header select', 'en');
    await page.reload();
    await page.waitForSelector('text=Password');
    expect(await page.getAttribute('html', 'lang')).toBe('en');
  });

  test.each([
    ['wide and light', { width: 1280, dark: false }],
    ['narrow and dark', { width: 360, dark: true }],
  ])('%s, it is open to everyone by the rules that can be checked', async (_how, options) => {
    await open(options);
    await page.waitForSelector('input[name=user]');
    expect(await faultsOfAccess()).toEqual([]);
    await signIn();
    expect(await faultsOfAccess()).toEqual([]);
    // Tables scroll by themselves; the page does not.
    expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
  });

  test('what a pusher wrote is text, whatever it is', async () => {
    await open();
    await signIn();
    await page.click('summary:has-text("Columns")');
    await page.check('label:has-text("Client") input');
    await page.waitForSelector('td:has-text("onerror")');
    expect(await page.title()).not.toBe('broken');
    expect(await page.locator('td img').count()).toBe(0);
    expect(said).toEqual([]);
  });
});
