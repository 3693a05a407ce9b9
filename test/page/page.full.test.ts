import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { eventually } from '../gate/eventually.ts';
import { BUILDER, ELSEWHERE, type Front, POLICY, startFront } from '../gate/front.ts';
import { pushImage, smallImage } from '../gate/images.ts';
import { describeNeeding } from '../support/needs.ts';
import { faultsOfAccess, openReader, signInWithPassword, startReading } from './reading.ts';

/** What a pusher may write into an image, and what a page that trusted it would do. */
const HOSTILE = `"><img src=x onerror="document.title='broken'"><script>document.title='broken'</script>{{7*7}}\u202e`;

/** Besides the overview, the list and one record. */
const SCREENS = [
  'image',
  'hosts',
  'hosts/behind',
  'policy/who',
  'policy/explain',
  'policy/versions',
  'grants',
  'access',
  'log',
];

describeNeeding(['docker-registry', 'chromium'], 'the page in a browser', () => {
  let front: Front;
  let browser: Browser;
  let reader: BrowserContext;
  let page: Page;
  let said: string[];

  beforeAll(async () => {
    browser = await startReading();
    front = await startFront({
      users: ['alice', 'carol', 'erin'],
      policy: `${POLICY}
  - id: governors
    allow: [policy, sessions, robots, grants]
    repositories: ["**"]
    who: { groups: [auditors] }
  - id: leads
    allow: [audit]
    repositories: ["team/**"]
    who: { groups: [security] }
`,
      settings: { transparency: { origin: 'registry.corp/log', keyFile: 'log.pem', lockFile: 'log.lock' } },
    });
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
    await pushImage(front.place, 'team/app', 'refused', smallImage(), { token, from: ELSEWHERE });
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    await front?.stop();
  });
  afterEach(() => reader?.close());

  async function open(
    options: { readonly width?: number; readonly dark?: boolean; readonly language?: string } = {},
  ) {
    ({ reader, page, said } = await openReader(browser, { baseURL: front.warden.url, ...options }));
    page.on('console', (message) => {
      if (message.type() === 'error') said.push(message.text());
    });
    page.on('request', (request) => {
      if (!request.url().startsWith(front.warden.url) && !request.url().startsWith('data:'))
        said.push(request.url());
    });
    await page.goto('/ui/');
  }
  async function signIn(as: 'carol' | 'erin' = 'erin'): Promise<void> {
    await signInWithPassword(page, as, front.passwords[as]);
  }
  /** Nothing is awaited any more. A stream of events stays open, so the network is never idle. */
  async function settled(): Promise<void> {
    await page.waitForSelector('main:has(h1):not(:has(.loading, .waiting))');
  }
  async function indexOfPush(): Promise<number> {
    return (await newestPush()).index;
  }
  async function newestPush(): Promise<{ readonly index: number; readonly digest: string }> {
    const reply = await front.ask({
      path: '/api/v1/pushes?result=accepted&repository=team/app',
      basic: { user: 'erin', password: front.passwords.erin },
    });
    const { items } = JSON.parse(reply.text) as { items: [{ index: number; subject: { digest: string } }] };
    const [{ index, subject }] = items;
    return { index, digest: subject.digest };
  }

  test('whoever signs in sees the pushes, and asks nobody but this server', async () => {
    await open();
    await signIn();
    await page.click('nav >> text=Records');
    await page.waitForSelector('tbody tr:has-text("new tag")');
    expect(await page.locator('tbody tr:has-text("new tag")').count()).toBe(3);
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
    await page.goto('/ui/records');
    await page.fill('input[name=tag]', '2');
    await page.keyboard.press('Enter');
    // Not a function to wait for: the page's policy lets nobody evaluate a text, a test neither.
    await page.waitForSelector('tbody:not(:has(tr + tr)) > tr');
    expect(new URL(page.url()).search).toBe('?tag=2');
    await page.goto('/ui/records?tag=none');
    await page.waitForSelector('text=No record fits');
    await page.goto('/ui/records?unknown=1&since=never');
    expect(await page.textContent('[role=alert]')).toContain('filter');
  });

  test('without a mouse one comes to every record', async () => {
    await open();
    await signIn();
    await page.goto('/ui/records');
    await page.waitForSelector('tbody tr');
    await page.locator('h1').click();
    await page.keyboard.press('j');
    await page.keyboard.press('j');
    await page.keyboard.press('Enter');
    await page.waitForURL(/\/ui\/record\/\d+$/);
  });

  test('dragging over the chart shows the records of that time', async () => {
    await open();
    await signIn();
    const chart = await page.waitForSelector('.chart canvas');
    const box = await chart.boundingBox();
    if (box === null) throw new Error('the chart is not drawn');
    await page.mouse.move(box.x + box.width - 120, box.y + 60);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width - 5, box.y + 60, { steps: 5 });
    await page.mouse.up();
    await page.waitForURL(/\/ui\/records\?since=.*until=/);
    await page.waitForSelector('tbody tr:has-text("new tag")');
  });

  test('the proof of a record is checked by the browser, and a changed record is found', async () => {
    await open();
    await signIn();
    const index = await indexOfPush();
    await page.goto(`/ui/record/${index}`);
    await page.click('text=Check it in this browser');
    await page.waitForSelector('text=In the signed tree of');
    expect(await page.textContent('[role=status] p.good')).toContain('signed by registry.corp/log');
    // Again: now this browser has seen the log before.
    await page.reload();
    await page.click('text=Check it in this browser');
    await page.waitForSelector('text=It goes on from the tree of');
    // A server that shows another record than the one in its tree.
    await page.route('**/api/v1/record?*', async (route) => {
      const response = await route.fetch();
      const body = (await response.text()).replaceAll('jenkins-01', 'jenkins-02');
      await route.fulfill({ response, body });
    });
    await page.reload();
    await page.click('text=Check it in this browser');
    await page.waitForSelector('text=the record is not in the tree that the log has signed');
  });

  test('an auditor goes from a refusal to who may push there, and ends a session', async () => {
    await open();
    await signIn();
    await page.click('text=alice · 127.0.0.6 · team/app');
    await page.waitForSelector('main:has-text("push refused")');
    await page.goto('/ui/policy/who?can=push&repository=team/app');
    await page.waitForSelector('td:has-text("team-push")');
    await page.goto('/ui/access');
    await page.click('button:has-text("End")');
    await page.waitForSelector('text=Sign in');
  });

  test('new records are told quietly, by the filters that are in force, and shown when one wants', async () => {
    await open();
    await signIn();
    await page.goto('/ui/records?repository=team/live');
    await page.waitForSelector('text=No record fits');
    const push = async (repository: string, tag: string): Promise<void> => {
      const scope = `repository:${repository}:pull,push`;
      const token = await front.token({ user: 'alice', scope, from: BUILDER });
      const reply = await pushImage(front.place, repository, tag, smallImage(), { token, from: BUILDER });
      expect(reply.status).toBe(201);
    };
    await push('team/other', '1');
    await push('team/live', '1');
    await push('team/live', '2');
    await page.waitForSelector('.live [role=status]:has-text("2 new")');
    expect(await page.locator('tbody tr').count()).toBe(0);
    await page.click('.live button:has-text("Show")');
    await page.waitForSelector('tbody tr + tr');
    expect(await page.locator('tbody tr').count()).toBe(2);
    expect(await page.textContent('.live [role=status]')).toBe('');
    await page.click('text=Pause live updates');
    expect(await page.getAttribute('button:has-text("live updates")', 'aria-pressed')).toBe('true');
    await push('team/live', '3');
    await page.click('text=Resume live updates');
    await push('team/live', '4');
    await page.waitForSelector('.live [role=status]:has-text("2 new")');
    expect(said).toEqual([]);
  }, 60_000);

  test('a page that nobody sees holds no stream open, and misses nothing', async () => {
    await open();
    await signIn();
    // The screen before may ask for its own only now.
    const asked = page.waitForRequest(
      (request) => request.url().endsWith('/api/v1/events') && request.frame().url().includes('team/hidden'),
    );
    await page.goto('/ui/records?repository=team/hidden');
    await (await asked).response();
    const turn = (hidden: boolean) =>
      page.evaluate(
        `Object.defineProperty(document, 'hidden', { configurable: true, value: ${hidden} });
         document.dispatchEvent(new Event('visibilitychange'))`,
      );
    const ended = page.waitForEvent('requestfailed', (request) => request.url().endsWith('/api/v1/events'));
    await turn(true);
    await ended;
    const scope = 'repository:team/hidden:pull,push';
    const token = await front.token({ user: 'alice', scope, from: BUILDER });
    const reply = await pushImage(front.place, 'team/hidden', '1', smallImage(), { token, from: BUILDER });
    expect(reply.status).toBe(201);
    await turn(false);
    await page.waitForSelector('.live [role=status]:has-text("1 new")');
  });

  test('a list is counted when one asks, and taken along as a file', async () => {
    await open();
    await signIn();
    await page.goto('/ui/records?repository=team/app&result=accepted');
    await page.click('button:has-text("Count")');
    await page.waitForSelector('.tools [role=status]:has-text("3 records")');
    const [file] = await Promise.all([page.waitForEvent('download'), page.click('button:has-text("CSV")')]);
    expect(file.suggestedFilename()).toBe('pushes.csv');
  });

  test('who may read some repositories sees those, and no sums over others', async () => {
    await open();
    await signIn('carol');
    await page.waitForSelector('text=Counts over time are for those who may read');
    await settled();
    expect(await page.locator('.chart').count()).toBe(0);
    expect(await page.locator('h2:has-text("The log")').count()).toBe(0);
    expect(await page.locator('h2:has-text("Needs attention")').count()).toBe(0);
    expect(await page.locator('[role=alert]').count()).toBe(0);
    await page.waitForSelector(
      'section:has(h2:has-text("Most pushes by: Repository")) a:has-text("team/app")',
    );
    await page.goto('/ui/policy/who');
    await page.waitForSelector('[role=alert]:has-text("You may not see this")');
  });

  test('what could not be asked is not taken for nothing to see, nor a page of a proxy for an answer', async () => {
    await open();
    await signIn();
    await page.route('**/api/v1/status', (route) =>
      route.fulfill({ status: 503, contentType: 'text/html', body: '<h1>Bad gateway</h1>' }),
    );
    await page.reload();
    const attention = 'section:has(h2:has-text("Needs attention"))';
    await page.waitForSelector(`${attention} [role=alert]:has-text("The server cannot be reached")`);
    expect(await page.locator(`${attention} >> text=Nothing.`).count()).toBe(0);
    await page.unroute('**/api/v1/status');
    await page.click(`${attention} >> text=Try again`);
    await page.waitForSelector(`${attention}:not(:has([role=alert], .loading))`);

    await page.route('**/api/v1/log/checkpoint', (route) =>
      route.fulfill({ status: 200, contentType: 'text/html', body: '<h1>Sign on</h1>' }),
    );
    await page.goto('/ui/log');
    await page.waitForSelector('[role=alert]:has-text("Something else than this server has answered")');
    expect(await page.locator('text=Sign on').count()).toBe(0);
  });

  test('a server that is away is said so before and after signing in, and who could not be signed out is told', async () => {
    await open();
    await signIn();
    await page.route('**/ui/session', (route) => route.abort());
    await page.click('text=Sign out');
    await page.waitForSelector('[role=alert]:has-text("you are still signed in")');
    await page.reload();
    await page.waitForSelector('[role=alert]:has-text("The server cannot be reached")');
    expect(await page.locator('input[name=user]').count()).toBe(0);
    await page.unroute('**/ui/session');
    await page.click('text=Try again');
    await page.waitForSelector('header nav');
    await page.click('text=Sign out');
    await page.waitForSelector('input[name=user]');
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

  test('what the server refuses is said in Chinese, with its own sentence beneath', async () => {
    await open({ language: 'zh-CN' });
    await page.fill('input[name=user]', 'erin');
    await page.fill('input[name=password]', 'wrong');
    await page.keyboard.press('Enter');
    await page.waitForSelector('[role=alert]:has-text("用户名或密码被拒绝")');
    await signIn();
    await page.goto('/ui/records?digest=none');
    await page.waitForSelector(
      '[role=alert]:has-text("此查询无法按现有条件回答") [lang=en]:has-text("filter \\"digest\\"")',
    );
    await page.goto('/ui/image?digest=abcdef0');
    await page.waitForSelector('[role=alert] [lang=en]:has-text("is no image on record")');
  });

  test.each(['nothing/here', 'policy/nothing', 'record/none', 'records/1'])(
    'at %s there is nothing, and a way back',
    async (path) => {
      await open();
      await signIn();
      await page.goto(`/ui/${path}`);
      await page.waitForSelector('h1:has-text("Not found")');
      expect(await page.title()).toMatch(/^Not found/);
      await page.click('main >> text=To the overview');
      await page.waitForSelector('main >> text=Over time');
    },
  );

  test('the chart names its lines, with no numbers until one points at it', async () => {
    await open();
    await signIn();
    await page.waitForSelector('.u-legend');
    const names = await page.locator('.u-legend .u-series').allInnerTexts();
    expect(names.map((text) => text.trim())).toEqual([
      'Time',
      'pushes accepted',
      'refused or failed',
      'pulls',
    ]);
  });

  test('older versions of the policy are asked for', async () => {
    const file = join(front.warden.folder, 'policy.yaml');
    const text = readFileSync(file, 'utf8');
    const changes = async (): Promise<number> => {
      const basic = { user: 'erin', password: front.passwords.erin };
      const { text: answer } = await front.ask({ path: '/api/v1/count?type=policy.changed', basic });
      return (JSON.parse(answer) as { total: number }).total;
    };
    const before = await changes();
    for (let more = 1; more <= 21; more++) {
      writeFileSync(file, `${text}\n  - { id: more-${more}, allow: [pull], repositories: [more/${more}] }\n`);
      front.warden.signal('SIGHUP');
      await eventually(changes, (count) => count === before + more);
    }
    await open();
    await signIn();
    await page.goto('/ui/policy/versions');
    await page.waitForSelector('.versions li');
    expect(await page.locator('.versions li').count()).toBe(20);
    await page.click('text=Older versions');
    await page.waitForSelector(`.versions li:nth-child(${before + 21})`);
    expect(await page.locator('text=Older versions').count()).toBe(0);
  });

  test.each([
    ['wide, light and in English', { width: 1280, dark: false }],
    ['narrow, dark and in Chinese', { width: 360, dark: true, language: 'zh-CN' }],
  ])(
    '%s, it is open to everyone by the rules that can be checked',
    async (_how, options) => {
      await open(options);
      await page.waitForSelector('input[name=user]');
      expect(await faultsOfAccess(page)).toEqual([]);
      await signIn();
      const { index, digest } = await newestPush();
      const own = [`record/${index}`, `compare/${index - 1}/${index}`, `image?digest=${digest}`];
      for (const path of ['', 'records', ...own, ...SCREENS]) {
        await page.goto(`/ui/${path}`);
        await settled();
        // Tables scroll by themselves; the page does not.
        const fits = await page.evaluate('document.documentElement.scrollWidth <= innerWidth');
        expect({ path, fits, faults: await faultsOfAccess(page) }).toEqual({ path, fits: true, faults: [] });
      }
      expect(said).toEqual([]);
    },
    180_000,
  );

  test('what a pusher wrote is text, whatever it is', async () => {
    await open();
    await signIn();
    await page.goto('/ui/records');
    await page.click('summary:has-text("Columns")');
    await page.check('label:has-text("Client") input');
    await page.waitForSelector('td:has-text("onerror")');
    expect(await page.title()).not.toBe('broken');
    expect(await page.locator('td img').count()).toBe(0);
    // Nor does it turn round what stands beside it.
    await page.goto(`/ui/record/${await indexOfPush()}`);
    await page.waitForSelector('dd:has-text("onerror")');
    const shown = await page.textContent('main');
    expect(shown).toContain('\\u{202e}');
    expect(shown).not.toContain('\u202e');
    expect(said).toEqual([]);
  });
});
