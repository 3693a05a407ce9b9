import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { QUESTIONS } from '../../src/audit/questions.ts';
import { createInventory } from '../../src/inventory/inventory.ts';
import { INVENTORY_FILE } from '../../src/inventory/inventory-thread.ts';
import { sqlitePulls } from '../../src/inventory/pull-store.ts';
import { RECORD_TYPES } from '../../src/provenance/record.ts';
import { systemClock } from '../../src/store/clock.ts';
import { startThread } from '../../src/store/thread.ts';
import { eventually } from '../gate/eventually.ts';
import { BUILDER, type Front, POLICY, startFront } from '../gate/front.ts';
import { describeNeeding } from '../support/needs.ts';
import { ALL_COLUMNS } from './all-columns.ts';
import { addHostileRecords, DIGEST, HOSTILE } from './hostile-records.ts';
import { openReader, signInWithPassword, startReading } from './reading.ts';

/** What no answer may hold raw: what terminals obey, and what hides text or turns it round. */
const STRANGE = /(?![\n\r])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

interface Seen {
  readonly title: string;
  readonly elements: number;
  readonly handlers: number;
  readonly strange: boolean;
  readonly links: readonly string[];
  readonly shown: boolean;
}

/** Runs in the browser. */
const LOOK = `(() => {
  const page = document.getElementById('page');
  const all = [...page.querySelectorAll('*')];
  const attributes = all.flatMap((one) => [...one.attributes]);
  const text = page.innerText + attributes.map((one) => one.value).join(' ')
    + [...page.querySelectorAll('input, textarea')].map((one) => one.value).join(' ');
  return {
    title: document.title,
    elements: page.querySelectorAll('script, img, iframe, object, embed, form[action], base, meta, style').length,
    handlers: attributes.filter(({ name }) => name.startsWith('on')).length,
    strange: /(?![\\n\\t])[\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}]/u.test(text),
    links: [...document.links].map((one) => one.getAttribute('href') ?? one.href.baseVal)
      .filter((href) => !/^(?:\\/ui\\/|#content$)/.test(href)),
    shown: page.innerText.includes('onerror'),
  };
})()`;

describeNeeding(['docker-registry', 'chromium'], 'what others wrote, wherever it is read', () => {
  let front: Front;
  let browser: Browser;
  let reader: BrowserContext;
  let page: Page;
  let said: string[];
  /** The first index of the records that are hostile. */
  let first = 0;

  const basic = () => ({ user: 'erin', password: front.passwords.erin }) as const;
  const ask = (path: string) => front.ask({ path: `/api/v1/${path}`, basic: basic() });

  beforeAll(async () => {
    browser = await startReading();
    front = await startFront({
      users: ['alice', 'erin'],
      policy: `${POLICY}
  - id: governors
    allow: [policy, sessions, robots, grants]
    repositories: ["**"]
    who: { groups: [auditors] }
`,
      settings: { transparency: { origin: 'registry.corp/log', keyFile: 'log.pem', lockFile: 'log.lock' } },
    });
    const form = new URLSearchParams({ client_id: HOSTILE, offline_token: 'true' });
    await front.askToken({ user: 'erin', more: Object.fromEntries(form) });
    const robot = { name: 'ci-1', description: HOSTILE, repositories: ['team/app'], days: 1 };
    await front.ask({
      method: 'POST',
      path: '/api/v1/robots',
      basic: basic(),
      headers: { 'content-type': 'application/json' },
      body: Buffer.from(JSON.stringify(robot)),
    });
    first = (JSON.parse((await ask('changes')).text) as { watermark: number }).watermark;
    await front.warden.kill();
    const folder = join(front.warden.folder, 'data');
    await addHostileRecords(folder);
    const thread = await startThread(new URL('../../src/inventory/inventory-thread', import.meta.url), {
      file: join(folder, INVENTORY_FILE),
    });
    const inventory = createInventory({ store: sqlitePulls(thread), clock: systemClock });
    const pull = { head: false, address: BUILDER, repository: 'team/app', digest: DIGEST };
    inventory.count({ ...pull, host: HOSTILE, subject: HOSTILE, reference: HOSTILE, client: HOSTILE });
    await inventory.close();
    await thread.close();
    await front.warden.restart();
    await eventually(
      async () => (await ask(`record?index=${first + RECORD_TYPES.length}`)).text,
      (text) => text.includes('onerror'),
    );
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await front?.stop();
  });

  const settled = (): Promise<unknown> => page.waitForSelector('main:has(h1):not(:has(.loading, .waiting))');
  beforeEach(async () => {
    ({ reader, page, said } = await openReader(browser, { baseURL: front.warden.url }, (one) =>
      one.addInitScript(
        (words: readonly string[]) => localStorage.setItem('warden.columns.records', JSON.stringify(words)),
        ALL_COLUMNS,
      ),
    ));
    page.on('console', (message) => {
      // That a filter which nobody could mean is refused is right.
      if (message.type() === 'error' && !message.text().includes('status of 400')) said.push(message.text());
    });
    page.on('dialog', (dialog) => said.push(dialog.message()));
    page.on('request', (request) => {
      if (!/^(?:data|blob):/.test(request.url()) && !request.url().startsWith(front.warden.url))
        said.push(request.url());
    });
    await page.goto('/ui/');
    await signInWithPassword(page, 'erin', front.passwords.erin);
  });
  afterEach(() => reader?.close());

  async function look(path: string): Promise<Seen> {
    await page.goto(`/ui/${path}`);
    await settled();
    return (await page.evaluate(LOOK)) as Seen;
  }
  const clean = (path: string, seen: Seen): void => {
    const { elements, handlers, strange, links } = seen;
    expect({ path, broken: /broken/.test(seen.title), elements, handlers, strange, links, said }).toEqual({
      ...{ path, broken: false, elements: 0, handlers: 0, strange: false, links: [], said: [] },
    });
  };

  const text = encodeURIComponent(HOSTILE.slice(0, 150));
  // What is true says that the text is to be seen there: a screen that hides it would prove nothing.
  const SCREENS: readonly (readonly [string, boolean])[] = [
    ['', true],
    ['records', true],
    [`records?text=${text}`, false],
    [`records?user=${text}&job=${text}`, false],
    [`image?digest=${DIGEST}`, true],
    [`image?repository=team/app&tag=${text}`, false],
    ['hosts', true],
    [`hosts?host=${text}`, false],
    ['hosts/behind', false],
    ['policy/who', false],
    [`policy/explain?action=push&repository=${text}&user=${text}`, false],
    ['policy/versions', false],
    ['grants', false],
    ['access', true],
    ['access?all=true', true],
    ['log', false],
  ];
  test.each(SCREENS.map(([path, shows]) => [path.replaceAll(text, '…'), path, shows] as const))(
    'is text at /ui/%s',
    async (_title, path, shows) => {
      const seen = await look(path);
      clean(path, seen);
      if (shows) expect({ path, shown: seen.shown }).toEqual({ path, shown: true });
    },
  );

  test('is text in every record, of every type, and where two of them are compared', async () => {
    const shown: boolean[] = [];
    for (let index = first; index <= first + RECORD_TYPES.length; index++) {
      const seen = await look(`record/${index}`);
      clean(`record/${index}`, seen);
      shown.push(seen.shown);
    }
    // All but the few types that hold nothing which anybody wrote.
    expect(shown.filter((one) => one).length).toBeGreaterThan(RECORD_TYPES.length - 6);
    const compared = await look(`compare/${first}/${first + 1}`);
    clean('compare', compared);
    expect(compared.shown).toBe(true);
  }, 180_000);

  const NEEDED: Readonly<Record<string, string>> = {
    ...{ image: `digest=${DIGEST}`, 'built-on': `base=${DIGEST}`, 'base-repositories': `base=${DIGEST}` },
    ...{ 'base-pulls': `base=${DIGEST}`, tag: 'repository=team/app&tag=1', seen: 'kind=user' },
  };
  const queryOf = (name: string): string =>
    name === 'record' || name === 'layers' ? `index=${first}` : (NEEDED[name] ?? '');

  test('is no formula, no end of a line and no command in CSV', async () => {
    const written: string[] = [];
    for (const { name } of QUESTIONS) {
      const { status, text: csv } = await ask(`${name}?${queryOf(name)}&format=csv`);
      expect([name, status, status === 200 ? '' : csv]).toEqual([name, 200, '']);
      const cells = csv.split('\r\n').flatMap(cellsOf);
      const bad = cells.filter(
        (cell) => /^["'\s]*[=+\-@]/.test(cell.replace(/^'/, '’')) || STRANGE.test(cell),
      );
      expect([name, bad]).toEqual([name, []]);
      if (csv.includes('onerror')) written.push(name);
    }
    expect(written).toEqual(expect.arrayContaining(['pushes', 'pulls', 'seen', 'refusals', 'changes']));
  });

  test('is nothing that a terminal obeys, as a table, as JSON and in what is wrong', async () => {
    const written: string[] = [];
    for (const { name } of QUESTIONS) {
      const options = [...new URLSearchParams(queryOf(name))].flatMap(([key, value]) => [`--${key}`, value]);
      for (const form of [[], ['--json']]) {
        const { stdout, stderr } = await front.warden.cli(['audit', name, ...options, ...form]);
        expect([name, STRANGE.exec(stdout.replaceAll('\r', '\0')), STRANGE.exec(stderr)]).toEqual([
          name,
          null,
          null,
        ]);
        // Tables are cut to the width of the terminal.
        if (stdout.includes('=HY')) written.push(`${name} ${form.join()}`);
      }
    }
    expect(written).toEqual(expect.arrayContaining(['pulls ', 'seen ', 'pushes --json', 'record --json']));
    const wrong = await front.warden.cli(['audit', 'pushes', '--type', HOSTILE.replaceAll('\0', '')]);
    expect(STRANGE.exec(wrong.stderr)).toBeNull();
  }, 180_000);
});

/** Of one line, by RFC 4180. */
function cellsOf(line: string): readonly string[] {
  return [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(([, quoted, plain]) =>
    (quoted ?? plain ?? '').replaceAll('""', '"'),
  );
}
