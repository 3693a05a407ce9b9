import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { eventually } from '../gate/eventually.ts';
import { faultsOfAccess, openReader, signInWithPassword, startReading } from '../page/reading.ts';
import { describeNeeding } from '../support/needs.ts';
import { type People, startPeople } from './front.ts';

describeNeeding(['docker-registry', 'chromium'], 'somebody who signs in by an issuer with a browser', () => {
  let people: People;
  let browser: Browser;
  let reader: BrowserContext;
  let page: Page;
  let said: string[];

  beforeAll(async () => {
    browser = await startReading();
    people = await startPeople();
    await people.other.close();
    await people.front.warden.restart();
    people.issuer.people['ann'] = { groups: ['auditors'] };
    people.issuer.people['nobody'] = { groups: [] };
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    await people?.stop();
  });
  beforeEach(async () => {
    ({ reader, page, said } = await openReader(browser, { baseURL: people.front.warden.url }));
  });
  afterEach(() => reader?.close());

  async function signIn(login: string, at = '/ui/'): Promise<void> {
    await page.goto(at);
    await page.click('button:has-text("Sign in with Corp corp")');
    await page.waitForSelector('input[name=login]');
    expect(new URL(page.url()).origin).toBe(people.issuer.url);
    await page.fill('input[name=login]', login);
    await page.click('button[value=in]');
  }

  test('sees what the groups allow, and nothing after signing out', async () => {
    await signIn('ann', '/ui/records?tag=none');
    // Where one was, and no code is left in the address or in what "back" leads to.
    await page.waitForURL(`${people.front.warden.url}/ui/records?tag=none`);
    await page.waitForSelector('text=No record fits');
    expect(await page.textContent('header')).toContain('corp:ann');
    const cookies = await reader.cookies(people.front.warden.url);
    expect(cookies.map(({ name, httpOnly, sameSite }) => [name, httpOnly, sameSite])).toEqual([
      ['warden', true, 'Strict'],
    ]);
    await page.click('text=Sign out');
    // The issuer asks whether to sign out of it as well.
    await page.waitForURL(`${people.issuer.url}/session/end?**`);
    await page.click('button[name=logout]');
    await page.waitForURL(`${people.front.warden.url}/ui/`);
    await page.waitForSelector('input[name=password]');
    expect(said).toEqual([]);
  });

  test('ends well in each of two tabs that begin it', async () => {
    const second = await reader.newPage();
    for (const tab of [page, second]) {
      await tab.goto(`/ui/records?tag=${tab === page ? 'one' : 'two'}`);
      await tab.click('button:has-text("Sign in with Corp corp")');
      await tab.waitForSelector('input[name=login]');
    }
    for (const tab of [page, second]) {
      await tab.fill('input[name=login]', 'ann');
      await tab.click('button[value=in]');
      await tab.waitForURL(`${people.front.warden.url}/ui/records?tag=${tab === page ? 'one' : 'two'}`);
      await tab.waitForSelector('text=No record fits');
    }
    const cookies = await reader.cookies(people.front.warden.url);
    expect(cookies.map(({ name }) => name)).toEqual(['warden']);
  });

  test('who is in no group is signed in, and reads that policy lets them see nothing', async () => {
    await signIn('nobody', '/ui/records');
    await page.waitForSelector('header nav');
    await page.waitForSelector('[role=alert]');
  });

  test('is out when somebody ends the session', async () => {
    await signIn('ann', '/ui/records');
    await page.waitForSelector('header nav');
    await people.front.warden.cli(['session', 'revoke', '--subject', 'corp:ann']);
    await eventually(
      async () => {
        await page.reload();
        await page.waitForSelector('header nav, input[name=password]');
        return page.locator('input[name=password]').count();
      },
      (forms) => forms === 1,
    );
  });

  test('reads why it did not work, in the language of the page', async () => {
    await page.goto('/ui/');
    await page.click('button:has-text("Sign in with Corp corp")');
    await page.waitForSelector('input[name=login]');
    await page.click('button[value=no]');
    await page.waitForSelector('[role=alert]:has-text("The issuer did not sign you in.")');
    await page.selectOption('header select', 'zh');
    await page.waitForSelector('[role=alert]:has-text("身份提供方未让您登录")');
    await page.waitForSelector('button:has-text("使用 Corp corp 登录")');
  });

  test('is led out of the page by no address that somebody made up', async () => {
    await page.goto('/ui/?signIn=<b>Call+0900&request=0900-CALL-US-NOW!');
    await page.waitForSelector('input[name=password]');
    expect(await page.locator('[role=alert]').count()).toBe(0);
    await page.goto('/ui/?signIn=refused&request=<img+src=x>');
    expect(await page.textContent('[role=alert]')).not.toContain('img');
  });

  test('reads that an issuer is gone, and signs in with a password', async () => {
    await page.goto('/ui/');
    await page.click('button:has-text("Sign in with Corp other")');
    await page.waitForSelector('[role=alert]:has-text("Corp other does not answer as it must now")');
    await signInWithPassword(page, 'erin', people.front.passwords.erin);
  });

  test('finds a screen that is open to everyone by the rules that can be checked', async () => {
    for (const refusal of ['', '?signIn=elsewhere&request=abc']) {
      await page.goto(`/ui/${refusal}`);
      await page.waitForSelector('button:has-text("Sign in with Corp corp")');
      expect(await faultsOfAccess(page)).toEqual([]);
    }
  });
});
