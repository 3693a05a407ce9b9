import { existsSync, rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Page } from '../../src/audit/audit.ts';
import { type OpenedAudit, openAudit } from '../../src/audit/open-audit.ts';
import { QUESTIONS } from '../../src/audit/questions.ts';
import { openSqliteLog } from '../../src/provenance/sqlite-log.ts';
import { makeFolder } from '../provenance/a-log.ts';
import { describeNeeding } from '../support/needs.ts';
import { must } from '../support/process.ts';
import { APP, fillBusyRegistry, hex, MIDDLE, NEW_BASE, OLD_BASE, SECRET_LAYER } from './a-busy-registry.ts';
import { inFiles, openHere } from './place.ts';

const folder = makeFolder();
/** Entries of the log. */
let logged = 0;
let opened: OpenedAudit;
beforeAll(async () => {
  await fillBusyRegistry(folder.path);
  opened = await openHere(folder.path);
  logged = (await ask('changes', {})).watermark ?? 0;
}, 60_000);
afterAll(async () => {
  await opened.close();
  folder.remove();
});

type Raw = Readonly<Record<string, string>>;
type Item = Readonly<Record<string, unknown>>;
const everything = (_repository: string): boolean => true;
/** Those of one team, and nothing that concerns all. */
const team = (repository: string): boolean => repository.startsWith('team/') || repository.startsWith('os/');

async function ask(name: string, raw: Raw, mayRead = everything): Promise<Page<Item>> {
  return (await opened.audit.ask(name, raw, mayRead)) as Page<Item>;
}
async function indexes(name: string, raw: Raw, mayRead = everything): Promise<readonly unknown[]> {
  return (await ask(name, raw, mayRead)).items.map(({ index }) => index);
}
/** All pages, each of one row. */
async function oneByOne(name: string, raw: Raw, mayRead = everything): Promise<readonly Item[]> {
  const items: Item[] = [];
  for (let cursor: string | undefined; ; ) {
    const page = await ask(name, { ...raw, limit: '1', ...(cursor !== undefined && { cursor }) }, mayRead);
    expect(page.items.length).toBeLessThanOrEqual(1);
    items.push(...page.items);
    if (page.next === undefined) return items;
    cursor = page.next;
  }
}

describe('the list of records', () => {
  it.each<[Raw, readonly number[]]>([
    [{ job: 'team/app/main' }, [3]],
    [{ job: 'team/app/main', build: '17' }, [3]],
    [{ job: 'team/app/main', build: '18' }, []],
    [{ commit: '9f2c1e7' }, [3]],
    [{ layer: SECRET_LAYER }, [2]],
    [{ refers: APP }, [6]],
    [{ label: 'team' }, [3]],
    [{ label: 'team=blue' }, [3]],
    [{ label: 'team=red' }, []],
    [{ label: 'constructor' }, []],
    [{ without: 'label:constructor', result: 'accepted', tag: '1.0' }, [4, 3]],
    [{ without: 'build', user: 'alice' }, [4]],
    [{ without: 'label:team', result: 'accepted', repository: 'team/app' }, [6, 5, 4]],
    [{ without: 'base', result: 'accepted', repository: 'os/*' }, [8, 1]],
    [{ unsigned: '7d', repository: 'team/app' }, [5, 4]],
    [{ unsigned: '1h', repository: 'team/app' }, [5, 4, 3]],
    [{ base: OLD_BASE, tag: '1.0' }, [3]],
    [{ base: OLD_BASE, result: 'refused' }, []],
    [{ kind: 'person', result: 'refused' }, [15, 12]],
    [{ kind: 'robot', repository: 'os/base' }, [8, 1]],
    [{ reason: 'CREDENTIALS_REFUSED', type: 'login.failed' }, [14]],
    [{ reason: 'POLICY', result: 'refused' }, []],
    [{ text: 'BLUE', result: 'accepted' }, [3]],
    [{ text: 'image.version' }, [3]],
    [{ text: 'layerDigests' }, []],
    [{ outside: 'Mon-Fri 00:00-24:00 UTC', result: 'accepted' }, [9, 8, 7]],
    [{ inside: 'Mon-Tue 00:00-24:00 UTC', result: 'accepted' }, [2, 1]],
  ])('is narrowed by %j', async (raw, expected) => {
    expect(await indexes('pushes', raw)).toEqual(expected);
  });

  it('is counted on request, by repository, as far as the asker may see', async () => {
    const page = await ask('count', { result: 'accepted' });
    expect(page).toMatchObject({ total: 9, complete: true });
    expect(page.items).toContainEqual({ repository: 'team/app', records: 4 });
    expect(await ask('count', { result: 'accepted' }, team)).toMatchObject({ total: 8 });
  });
});

it('no text finds what the asker may not see of a record', async () => {
  const asked = { text: 'secret/', repository: 'team/**' };
  expect(await indexes('pushes', asked)).toEqual([4]);
  expect(await indexes('pushes', asked, team)).toEqual([]);
});

describe('an image', () => {
  it('has layers, each with the push that brought it here first, as far as the asker may see', async () => {
    const first = { index: 2, repository: 'os/middle', time: '2026-03-03T08:00:00.000Z', user: 'builder' };
    expect((await ask('layers', { index: '2' })).items).toEqual([{ digest: SECRET_LAYER, first }]);
    const middle = (repository: string): boolean => repository !== 'os/middle';
    expect((await ask('layers', { index: '2' }, middle)).items).toEqual([]);
    expect((await ask('layers', { index: '99999' })).items).toEqual([]);
  });

  it('is found by its digest, its id and a platform of it, with who pushed it first', async () => {
    const page = await ask('image', { digest: '2222222' });
    expect(page).toMatchObject({ digest: APP, first: { index: 3, build: { number: 17 } } });
    expect(page.items.map(({ index, as }) => [index, as])).toEqual([
      [6, 'of'],
      [3, 'manifest'],
    ]);
    expect((await ask('image', { digest: hex('3') })).items).toMatchObject([{ index: 3, as: 'config' }]);
    expect((await ask('image', { digest: hex('4') })).items.map(({ index, as }) => [index, as])).toEqual([
      [5, 'child'],
      [4, 'manifest'],
    ]);
    expect(await oneByOne('image', { digest: hex('4') })).toHaveLength(2);
  });

  it('of repositories that the asker may not see is not there', async () => {
    expect(await ask('image', { digest: hex('9') }, team)).toMatchObject({ items: [] });
    expect(await ask('image', { digest: hex('9') }, team)).not.toHaveProperty('first');
    // Nor that there is one that begins so, nor how it goes on.
    const begun = 'sha256:9999999';
    for (const more of [{}, { cursor: '999' }])
      expect(await ask('image', { digest: begun, ...more }, team)).toMatchObject({ digest: begun });
  });
});

describe('a tag', () => {
  it('has a history, in which each place ends where the next begins', async () => {
    const expected = [
      { index: 4, digest: hex('4'), user: 'alice', from: '2026-03-05T08:00:00.000Z' },
      { index: 3, digest: APP, until: '2026-03-05T08:00:00.000Z', job: 'team/app/main' },
    ];
    expect((await ask('tag', { repository: 'team/app', tag: '1.0' })).items).toMatchObject(expected);
    expect(await oneByOne('tag', { repository: 'team/app', tag: '1.0' })).toMatchObject(expected);
    expect((await ask('tag', { repository: 'team/app', tag: '1.0' })).items[0]).not.toHaveProperty('until');
  });

  it('pointed to something at a time', async () => {
    const then = async (at: string) => (await indexes('tag', { repository: 'team/app', tag: '1.0', at }))[0];
    expect(await then('2026-03-04T07:59:59Z')).toBeUndefined();
    expect(await then('2026-03-04T08:00:00Z')).toBe(3);
    expect(await then('2026-03-05T07:59:59Z')).toBe(3);
    expect(await then('2026-03-06T00:00:00Z')).toBe(4);
  });

  it('that something else than a push moved says so', async () => {
    const { items } = await ask('tag', { repository: 'team/web', tag: '2.0' });
    expect(items).toMatchObject([{ type: 'tag.drift', digest: hex('d') }, { type: 'push.accepted' }]);
  });

  it('that several pushed is found, with who they are', async () => {
    expect((await ask('shared-tags', { by: 'users' })).items).toMatchObject([
      {
        repository: 'team/app',
        tag: '1.0',
        ...{ userCount: 2, hostCount: 1 },
        users: [
          { name: 'alice', pushes: 1 },
          { name: 'builder', pushes: 1 },
        ],
      },
    ]);
    expect((await ask('shared-tags', { repository: 'os/**', by: 'users' })).items).toEqual([]);
  });
});

describe('a base', () => {
  it('is found in what was built on it directly and through others, with how that is known', async () => {
    const found = (await ask('built-on', { base: OLD_BASE })).items;
    expect(found.map(({ index, distance, evidence }) => [index, distance, evidence])).toEqual([
      [7, 1, 'observed'],
      [3, 2, 'claimed'],
      [2, 1, 'observed'],
    ]);
    expect(await indexes('built-on', { base: OLD_BASE, direct: 'yes' })).toEqual([7, 2]);
    expect(await indexes('built-on', { base: MIDDLE })).toEqual([3]);
    expect(await indexes('built-on', { base: OLD_BASE, repository: 'team/**' })).toEqual([3]);
    expect(await indexes('built-on', { base: OLD_BASE }, team)).toEqual([3, 2]);
    expect((await oneByOne('built-on', { base: OLD_BASE }, team)).map(({ index }) => index)).toEqual([3, 2]);
  });

  it('is in repositories, of which the asker sees some', async () => {
    const names = (items: readonly Item[]) => items.map(({ repository }) => repository);
    expect(names((await ask('base-repositories', { base: OLD_BASE })).items)).toEqual([
      'secret/app',
      'team/app',
      'os/middle',
    ]);
    expect(names(await oneByOne('base-repositories', { base: OLD_BASE }, team))).toEqual([
      'team/app',
      'os/middle',
    ]);
  });

  it('is still pulled by hosts, and by some no longer', async () => {
    const rows = async (raw: Raw) =>
      (await ask('base-pulls', raw)).items.map(({ host, repository }) => `${host} ${repository}`);
    expect(await rows({ base: OLD_BASE })).toEqual(['web-1 secret/app', 'web-2 team/app', 'web-1 team/app']);
    expect(await rows({ base: OLD_BASE, latest: 'yes' })).toEqual(['web-1 secret/app', 'web-1 team/app']);
    expect(await rows({ base: NEW_BASE })).toEqual(['web-1 team/web']);
    expect(await rows({ base: OLD_BASE, lacking: MIDDLE })).toEqual(['web-1 secret/app']);
  });

  it('is found by its beginning where the asker may see it, and else by the whole alone', async () => {
    const secret = `sha256:${'9'.repeat(64)}`;
    for (const name of ['built-on', 'base-repositories', 'base-pulls', 'pushes', 'count']) {
      await expect(ask(name, { base: '9999999' })).resolves.toMatchObject({});
      // As of one that is nowhere: who tries one beginning after the other learns nothing.
      await expect(ask(name, { base: '9999999' }, team)).rejects.toThrow('is no image on record');
      await expect(ask(name, { base: secret }, team)).resolves.toMatchObject({});
    }
    await expect(ask('base-pulls', { base: OLD_BASE, lacking: '9999999' }, team)).rejects.toThrow('no image');
    expect(await indexes('built-on', { base: 'bbbbbbb' }, team)).toEqual([3, 2]);
  });

  it('that nothing names is refused', async () => {
    await expect(ask('built-on', { base: 'abcdef0' })).rejects.toThrow('is no image on record');
    expect(await indexes('built-on', { base: `sha256:${'abcdef01'.repeat(8)}` })).toEqual([]);
  });
});

describe('numbers', () => {
  it('of refusals are added up by who, what and why, and nobody sees others', async () => {
    const { items } = await ask('refusals', { since: '2026-03-01' });
    expect(items).toHaveLength(3);
    expect(items[0]).toMatchObject({
      ...{ type: 'push.refused', events: 3, user: 'mallory', repository: 'team/app' },
      ...{ address: '10.9.0.66', rule: 'builders-push', reason: 'POLICY_DENIED' },
    });
    expect(items).toContainEqual(expect.objectContaining({ type: 'login.failed', events: 1 }));
    expect((await ask('refusals', { since: '2026-03-01' }, team)).items).toHaveLength(1);
    expect((await ask('refusals', { since: '2026-03-01', per: 'hour', of: 'logins' })).items).toMatchObject([
      { hour: '2026-03-10T08:00:00.000Z', type: 'login.failed', events: 1 },
    ]);
  });

  it('over time are of days and hours, and of a repository, user or host', async () => {
    const days = (await ask('activity', { since: '2026-03-01', until: '2026-03-31' })).items;
    expect(days.map(({ time, events }) => [String(time).slice(0, 10), events])).toEqual([
      ['2026-03-10', 5],
      ['2026-03-09', 2],
      ['2026-03-08', 2],
      ['2026-03-07', 1],
      ['2026-03-06', 2],
      ['2026-03-05', 1],
      ['2026-03-04', 1],
      ['2026-03-03', 1],
      ['2026-03-02', 2],
    ]);
    const span = { since: '2026-03-01', until: '2026-03-31' };
    expect((await ask('activity', { ...span, repository: 'team/web', per: 'hour' }, team)).items).toEqual([
      { time: '2026-03-09T08:00:00.000Z', events: 1, types: { 'tag.drift': 1 } },
      { time: '2026-03-08T08:00:00.000Z', events: 1, types: { 'push.accepted': 1 } },
    ]);
    expect((await ask('activity', { ...span, by: 'user' })).items[0]).toEqual({ name: 'builder', events: 5 });
    expect((await ask('activity', { ...span, by: 'repository' }, team)).items).not.toContainEqual(
      expect.objectContaining({ name: 'secret/app' }),
    );
    await expect(ask('activity', { ...span, by: 'user' }, team)).rejects.toThrow('audit on **');
    await expect(ask('activity', span, team)).rejects.toThrow('audit on **');
    expect((await ask('activity', { ...span, repository: 'secret/app' }, team)).items).toEqual([]);
  });

  it('of pulls over time, and who pulls most', async () => {
    const span = { since: '2026-03-01', until: '2026-03-31' };
    expect((await ask('pull-activity', { ...span, per: 'hour' })).items).toEqual([
      { time: '2026-03-11T08:00:00.000Z', pulls: 3 },
      { time: '2026-03-10T08:00:00.000Z', pulls: 2 },
    ]);
    expect((await ask('pull-activity', { ...span, limit: '1' })).items).toEqual([
      { time: '2026-03-11T00:00:00.000Z', pulls: 3 },
    ]);
    expect((await ask('pull-activity', { ...span, by: 'host' })).items).toEqual([
      { name: 'web-1', pulls: 3 },
      { name: 'web-2', pulls: 2 },
    ]);
    expect((await ask('pull-activity', { ...span, by: 'user' })).items).toEqual([{ name: '', pulls: 5 }]);
    expect((await ask('pull-activity', { ...span, by: 'repository' }, team)).items).toEqual([
      { name: 'team/app', pulls: 3 },
      { name: 'team/web', pulls: 1 },
    ]);
    await expect(ask('pull-activity', { ...span, by: 'host' }, team)).rejects.toThrow('audit on **');
    await expect(ask('pull-activity', span, team)).rejects.toThrow('audit on **');
    await expect(ask('pull-activity', { by: 'host', per: 'day' })).rejects.toThrow('together with per');
  });

  it('of hosts that have not what a tag shows now', async () => {
    const raw = { since: '2026-03-01' };
    const items = await oneByOne('behind', raw);
    expect(items).toEqual([
      {
        ...{ repository: 'team/app', tag: '1.0', host: 'web-1', address: '10.2.0.1', digest: APP },
        ...{
          last: '2026-03-10T08:00:00.000Z',
          present: hex('4'),
          moved: '2026-03-05T08:00:00.000Z',
          index: 4,
        },
      },
    ]);
    expect((await ask('behind', { ...raw, repository: 'os/**' })).items).toEqual([]);
    expect((await ask('behind', { ...raw, host: 'web-2' })).items).toEqual([]);
    expect((await ask('behind', raw, (repository) => repository === 'os/base')).items).toEqual([]);
  });

  it('tell who was not seen for long', async () => {
    const rows = (await oneByOne('seen', { kind: 'user' })).map(({ name }) => name);
    expect(rows).toEqual(['alice', 'os-team', 'builder', 'mallory']);
    expect((await ask('seen', { kind: 'repository' }, team)).items.map(({ name }) => name)).toEqual([
      'os/middle',
      'os/base',
      'team/web',
      'team/app',
    ]);
    expect((await ask('seen', { kind: 'user', unused: '1m' })).items).toHaveLength(4);
  });

  it('tell nothing in their cursors of what the asker may not see', async () => {
    for (let cursor: string | undefined; ; ) {
      const raw = { kind: 'repository', limit: '1', ...(cursor !== undefined && { cursor }) };
      const { items, next } = await ask('seen', raw, team);
      expect(items).toHaveLength(1);
      if (next === undefined) break;
      expect(next.split('.')[0]).toBe(String(Date.parse(String(items[0]?.['last']))));
      cursor = next;
    }
  });
});

describe('one record', () => {
  it('comes with the text that is in the log, for those who may see all of it', async () => {
    const [item] = (await ask('record', { index: '1' })).items as readonly (Record<string, unknown> & {
      leaf?: string;
    })[];
    const { index, leaf, ...record } = item ?? {};
    expect(index).toBe(1);
    expect(JSON.parse(leaf ?? '')).toEqual(record);
  });

  it('of another repository, or past the end, is not there', async () => {
    expect((await ask('record', { index: '0' }, team)).items).toEqual([]);
    expect((await ask('record', { index: '99999' })).items).toEqual([]);
    const [item] = (await ask('record', { index: '1' })).items;
    const id = String(item?.['id']);
    expect((await ask('record', { id })).items).toMatchObject([{ index: 1, id }]);
    await expect(ask('record', { id, index: '1' })).rejects.toThrow('give one of them');
  });
});

describe('what was changed', () => {
  it('is listed apart from pushes, and what changed behind the back as well', async () => {
    expect((await ask('changes', {})).items.map(({ type }) => type)).toEqual([
      'policy.changed',
      'log.opened',
    ]);
    expect((await ask('changes', {}, team)).items).toEqual([]);
    expect(await indexes('drift', {})).toEqual([10]);
  });
});

describe('every question', () => {
  it.each(QUESTIONS.map((question) => [question.name, question] as const))(
    '%s shows what it answers',
    async (name, question) => {
      const needed: Raw = {
        ...('base' in question.parameters.shape && { base: OLD_BASE }),
        ...(name === 'image' && { digest: APP }),
        ...(name === 'tag' && { repository: 'team/app', tag: '1.0' }),
        ...(name === 'seen' && { kind: 'user' }),
        ...(name === 'record' && { index: '1' }),
        ...(name === 'layers' && { index: '2' }),
        ...('since' in question.parameters.shape && { since: '2026-03-01' }),
      };
      const { items } = await ask(name, needed);
      expect(items.length).toBeGreaterThan(0);
      const shown = question.table(items, 200);
      if (name === 'record') expect(shown).toMatch(/^index +1\n(?:.+\n)*subject\.repo +\S+\n/);
      else expect(shown.split('\n')).toHaveLength(items.length + 1);
      expect(question.csv(items).split('\r\n')).toHaveLength(items.length + 1);
      await expect(ask(name, { ...needed, nonsense: '1' })).rejects.toThrow(
        '"nonsense" is not a filter here',
      );
    },
  );

  it.each(QUESTIONS.map((question) => [question] as const))('describes each parameter', ({ parameters }) => {
    for (const schema of Object.values(parameters.shape)) {
      expect((schema as { description?: string }).description).toMatch(/\w/);
    }
  });
});

// Of files in particular: there is nothing of it where the record is elsewhere.
(inFiles ? describeNeeding : () => undefined)(['root'], 'an index that cannot be written', () => {
  const seen = makeFolder();
  beforeAll(async () => {
    await must('mount', ['--bind', folder.path, seen.path]);
    await must('mount', ['-o', 'remount,ro,bind', seen.path]);
  });
  afterAll(async () => {
    await must('umount', [seen.path]);
    seen.remove();
  });

  async function answers(path: string): Promise<unknown> {
    const beside = await openAudit(path);
    try {
      return await beside.audit.ask('pushes', { limit: '3' }, everything);
    } finally {
      await beside.close();
    }
  }
  const removeIndex = (): void => {
    for (const ending of ['', '-wal', '-shm']) rmSync(`${folder.path}/index.db${ending}`, { force: true });
  };

  it('is read as it is', async () => {
    expect(await answers(seen.path)).toEqual(await answers(folder.path));
  });

  it('that is behind says how far it reaches', async () => {
    const log = await openSqliteLog({ folder: folder.path });
    await log.append({
      ...{ v: 1, type: 'policy.changed', id: '0198c6a1-5b40-7d21-9a3e-4f5061728394' },
      ...{
        time: '2026-03-12T08:00:00.000Z',
        proxy: { instance: 'w', version: '0' },
        policy: { digest: hex('f') },
      },
    });
    const beside = await openAudit(seen.path);
    try {
      expect(await beside.audit.ask('changes', {}, everything)).toMatchObject({ watermark: logged });
      expect(beside.lacking?.()).toContain(`covers ${logged} of the ${logged + 1} entries`);
    } finally {
      await beside.close();
      await log.close();
    }
    // Where it can be written it catches up.
    expect(await ask('changes', {})).toMatchObject({ watermark: logged + 1 });
  });

  it('is made in memory where there is none', async () => {
    const before = await answers(folder.path);
    await opened.close();
    removeIndex();
    expect(await answers(seen.path)).toEqual(before);
    expect(existsSync(`${folder.path}/index.db`)).toBe(false);
    opened = await openAudit(folder.path);
  });
});
