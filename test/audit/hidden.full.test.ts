/** What somebody may not see never makes an answer look whole that is not, however much of it there is. */
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { fillLog } from '../../bench/fill-log.ts';
import { type OpenedAudit, openAudit } from '../../src/audit/open-audit.ts';
import { INVENTORY_FILE } from '../../src/inventory/inventory-thread.ts';
import type { PullCount } from '../../src/inventory/pull.ts';
import { sqlitePulls } from '../../src/inventory/pull-store.ts';
import type { PushRecord } from '../../src/provenance/record.ts';
import { timestamp } from '../../src/store/clock.ts';
import { startThread } from '../../src/store/thread.ts';
import { makeFolder } from '../provenance/a-log.ts';

const BEGIN = Date.parse('2026-03-02T08:00:00Z');
const SPAN = { since: '2026-03-02', until: '2026-03-03' };
/** Above every number of rows that is looked at in one step. */
const HIDDEN = 10_500;
/** The layer, and the manifest, that everybody has. */
const LAYER = `sha256:${'5'.repeat(64)}`;
const MANIFEST = `sha256:${'d'.repeat(64)}`;
const MINE = 'zz/mine';
const mine = (repository: string): boolean => repository === MINE;
const everything = (_repository: string): boolean => true;
const folder = makeFolder();
let opened: OpenedAudit;

/** One refusal of mine, then one of each of the others, their pushes, and at the end mine: each time the last in order. */
function recordAt(n: number): PushRecord {
  const isMine = n === 0 || n === 2 * HIDDEN + 1;
  const repo = isMine ? MINE : `other/app-${n % HIDDEN}`;
  const time = timestamp(BEGIN + n);
  const common = {
    ...{ v: 1 as const, id: `0190a000-0000-7000-8000-${String(n).padStart(12, '0')}`, time },
    proxy: { instance: 'warden-test', version: '0.0.0' },
    actor: { sub: 'builder', kind: 'robot', method: 'password', evidence: 'verified' },
    peer: { ip: '10.1.2.11' },
  } as const;
  if (n > HIDDEN)
    return {
      ...{ ...common, type: 'push.accepted', began: time, backend: { status: 201, ms: 1 } },
      policy: { rules: ['builders-push'] },
      subject: { repo, digest: MANIFEST, size: 1, mediaType: 'application/json', layerDigests: [LAYER] },
    };
  return {
    ...{ ...common, type: 'push.refused', reason: 'POLICY_DENIED', count: 1, since: time, until: time },
    policy: { rules: ['builders-push'] },
    subject: { repo },
  };
}

function pullAt(n: number): PullCount {
  return {
    ...{ address: '10.2.0.1', subject: '', digest: MANIFEST, reference: '1', gets: 1, heads: 0 },
    repository: n < 3 ? MINE : `other/app-${n}`,
    ...(n < 3 && { reference: `mine-${n}` }),
    ...{ first: BEGIN + n, last: BEGIN + n },
  };
}

beforeAll(async () => {
  fillLog(folder.path, { record: recordAt }, 2 * HIDDEN + 2, () => undefined);
  const thread = await startThread(new URL('../../src/inventory/inventory-thread', import.meta.url), {
    file: `${folder.path}/${INVENTORY_FILE}`,
  });
  await sqlitePulls(thread).add(Array.from({ length: HIDDEN }, (_, n) => pullAt(n)));
  await thread.close();
  opened = await openAudit(folder.path);
}, 60_000);
afterAll(async () => {
  await opened?.close();
  folder.remove();
});

type Raw = Readonly<Record<string, string>>;
const ask = (name: string, raw: Raw, mayRead = mine) => opened.audit.ask(name, raw, mayRead);

it.each<[string, Raw]>([
  ['activity', { ...SPAN, by: 'repository' }],
  ['pull-activity', { ...SPAN, by: 'repository' }],
])('%s ranks what the asker may see, behind however many others', async (name, raw) => {
  const page = await ask(name, raw);
  expect(page.items).toMatchObject([{ name: MINE }]);
  expect(page).not.toHaveProperty('more');
  expect(await ask(name, { ...raw, limit: '20' }, everything)).toMatchObject({ more: true });
});

it('refusals that the asker may see are added up behind however many others', async () => {
  const page = await ask('refusals', { ...SPAN, of: 'pushes' });
  expect(page.items).toMatchObject([{ repository: MINE, events: 1 }]);
  expect(page).not.toHaveProperty('more');
  expect(page).not.toHaveProperty('from');
  expect(await ask('refusals', { ...SPAN, limit: '20' }, everything)).toMatchObject({ more: true });
});

it('the first push of an image and of a layer that the asker may see is found behind however many others', async () => {
  const index = 2 * HIDDEN + 1;
  expect(await ask('image', { digest: MANIFEST })).toMatchObject({ first: { index } });
  expect((await ask('layers', { index: String(index) })).items).toMatchObject([{ first: { index } }]);
});

it('pulls go on to the last that the asker may see, and their cursors tell no time of another', async () => {
  const seen: string[] = [];
  for (let cursor: string | undefined; ; ) {
    const page = await ask('pulls', { limit: '1', ...(cursor !== undefined && { cursor }) });
    const [item] = page.items as readonly { readonly last: string; readonly reference: string }[];
    seen.push(String(item?.reference));
    if (page.next === undefined) break;
    expect(page.next.split('.')[0]).toBe(String(Date.parse(item?.last ?? '')));
    cursor = page.next;
  }
  expect(seen).toEqual(['mine-2', 'mine-1', 'mine-0']);
});

it('a whole answer has all rows also where there are no pages', async () => {
  const about = {};
  const asked = {
    raw: { ...SPAN, by: 'repository' },
    format: 'csv',
    everything: true,
    tree: undefined,
  } as const;
  let text = '';
  for await (const piece of opened.audit.export('activity', { ...asked, mayRead: everything, about }))
    text += piece;
  // A head, each of the others, and mine.
  expect(text.trimEnd().split('\r\n')).toHaveLength(1 + HIDDEN + 1);
});

it('refusals that are too many to be added up say from when they are, and are no file', async () => {
  const db = new DatabaseSync(`${folder.path}/index.db`);
  // As a flood from many addresses leaves them, the hour before.
  db.exec(`
    WITH RECURSIVE flood (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM flood WHERE n < 100000)
    INSERT INTO refused SELECT hour - 1, type, repo, actor, host, -n, rule, reason, 1, first_idx, last_idx
    FROM (SELECT * FROM refused LIMIT 1) AS one, flood`);
  db.close();
  const page = await ask('refusals', SPAN, everything);
  expect(page).toMatchObject({ more: true, from: '2026-03-02T08:00:00.000Z' });
  const asked = { raw: SPAN, format: 'csv', everything: true, tree: undefined, about: {} } as const;
  const pieces = opened.audit.export('refusals', { ...asked, mayRead: everything });
  await expect(pieces.next()).rejects.toThrow('ask for less of it');
});
