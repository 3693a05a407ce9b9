import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Command } from 'commander';
import type { Page, PullItem, PushItem } from '../../src/audit/audit.ts';
import { type OpenedAudit, openAudit } from '../../src/audit/open-audit.ts';
import { type AuditIo, addAuditCommands } from '../../src/cli/audit.ts';
import { WardenError } from '../../src/errors.ts';
import { createInventory } from '../../src/inventory/inventory.ts';
import { sqlitePulls } from '../../src/inventory/pull-store.ts';
import type { Recorder } from '../../src/provenance/recorder.ts';
import { systemClock } from '../../src/store/clock.ts';
import { startThread, type Thread } from '../../src/store/thread.ts';
import { ANSWERED, anIntent, aRecorder, makeFolder, startLog } from '../provenance/a-log.ts';

const LAYER = `sha256:${'5'.repeat(64)}`;
const folder = makeFolder();
let log: Thread;
let recorder: Recorder;
let opened: OpenedAudit;

beforeAll(async () => {
  log = await startLog(folder.path);
  recorder = await aRecorder(log);
  for (let n = 0; n < 12; n++) {
    const intent = anIntent({
      repo: n % 3 === 0 ? 'open/app' : 'secret/app',
      tag: `v${n}`,
      ...(n === 0 && {
        mounted: [
          { digest: LAYER, from: 'secret/base' },
          { digest: LAYER, from: 'open/base' },
        ],
        base: [
          { name: 'secret/base:1', digest: LAYER, by: 'layers', evidence: 'observed' },
          { name: 'secret/base', by: 'mount', evidence: 'observed' },
          { name: 'open/base:1', digest: LAYER, by: 'layers', evidence: 'claimed' },
          { name: 'said/by:the-image', by: 'label', evidence: 'claimed' },
        ],
        token: {
          ip: '10.0.0.1',
          scopes: ['repository:open/app:pull,push', 'repository:secret/base:pull', 'registry:catalog:*'],
        },
      }),
    });
    await recorder.intend(intent);
    await recorder.conclude(intent.id, ANSWERED);
  }
  recorder.loginFailed({ reason: 'CREDENTIALS_REFUSED', peer: { ip: '10.0.0.66' } });
  recorder.refused({
    reason: 'POLICY_DENIED',
    action: 'push',
    subject: { repo: 'open/app' },
    peer: { ip: '10.0.0.66' },
  });
  const thread = await startThread(new URL('../../src/inventory/inventory-thread', import.meta.url), {
    file: `${folder.path}/inventory.db`,
  });
  const inventory = createInventory({ store: sqlitePulls(thread), clock: systemClock });
  for (const repository of ['open/app', 'secret/app', 'open/base']) {
    inventory.count({
      head: false,
      address: '10.0.0.5',
      subject: '',
      repository,
      digest: `sha256:${'0'.repeat(64)}`,
      reference: '1',
    });
  }
  await inventory.close();
  await thread.close();
  // The server goes on while the questions are asked.
  await recorder.counters();
  opened = await openAudit(folder.path);
});
afterAll(async () => {
  await opened.close();
  await recorder.close();
  await log.close();
  folder.remove();
});

const open = (repository: string): boolean => repository.startsWith('open/');

describe('an audit', () => {
  it('shows a reader what may be seen, fills pages with it, and ends', async () => {
    const seen: string[] = [];
    let cursor: string | undefined;
    let pages = 0;
    do {
      const page = (await opened.audit.ask(
        'pushes',
        { limit: '2', ...(cursor && { cursor }) },
        open,
      )) as Page<PushItem>;
      seen.push(...page.items.map((item) => ('tag' in item && item.tag?.name) || item.type));
      if (page.next !== undefined) expect(page.items).toHaveLength(2);
      cursor = page.next;
      pages++;
    } while (cursor !== undefined);
    expect(seen).toEqual(['push.refused', 'v9', 'v6', 'v3', 'v0']);
    expect(pages).toBe(3);
  });

  it('names no other repository that the reader may not see', async () => {
    const ask = (mayRead: (repository: string) => boolean) =>
      opened.audit.ask('pushes', { tag: 'v0' }, mayRead) as Promise<Page<PushItem>>;
    const seen = await ask(open);
    expect(JSON.stringify(seen)).not.toContain('secret/');
    expect(seen.items).toMatchObject([
      {
        mounted: [{ digest: LAYER }, { digest: LAYER, from: 'open/base' }],
        base: [
          { digest: LAYER, by: 'layers', evidence: 'observed' },
          { by: 'mount', evidence: 'observed' },
          { name: 'open/base:1' },
          { name: 'said/by:the-image' },
        ],
        token: { ip: '10.0.0.1', scopes: ['repository:open/app:pull,push'] },
      },
    ]);
    expect((await ask(() => true)).items).toMatchObject([
      {
        mounted: [{ from: 'secret/base' }, { from: 'open/base' }],
        token: { scopes: { length: 3 } },
      },
    ]);
  });

  it('shows records of no repository only to those who may read the registry as a whole', async () => {
    const ask = (mayRead: (repository: string) => boolean) =>
      opened.audit.ask('pushes', { type: 'login.failed' }, mayRead) as Promise<Page<PushItem>>;
    expect((await ask(open)).items).toEqual([]);
    expect((await ask(() => true)).items).toMatchObject([
      { type: 'login.failed', peer: { ip: '10.0.0.66' } },
    ]);
  });

  it('gives a stored record with its index and what the answer covers', async () => {
    const { items, watermark } = (await opened.audit.ask(
      'pushes',
      { tag: 'v11' },
      () => true,
    )) as Page<PushItem>;
    expect(watermark).toBe((await recorder.counters()).size);
    expect(items).toMatchObject([{ index: 12, v: 1, subject: { repo: 'secret/app' } }]);
  });

  it('shows pulls that may be seen', async () => {
    const page = (await opened.audit.ask('pulls', { limit: '1' }, open)) as Page<PullItem>;
    expect(page.items).toMatchObject([
      { repository: 'open/base', gets: 1, first: expect.stringMatching(/Z$/) },
    ]);
    const next = (await opened.audit.ask(
      'pulls',
      { limit: '1', cursor: String(page.next) },
      open,
    )) as Page<PullItem>;
    expect(next.items).toMatchObject([{ repository: 'open/app' }]);
    expect(next).not.toHaveProperty('next');
  });
});

describe('warden audit', () => {
  async function run(
    args: readonly string[],
    stdin = '',
  ): Promise<{ out: string; err: string; status: number }> {
    const said = { out: '', err: '', status: -1 };
    const io: AuditIo = {
      out: (line) => {
        said.out += `${line}\n`;
      },
      err: (line) => {
        said.err += `${line}\n`;
      },
      defaultConfig: folder.path,
      openAudit,
      openExport: async (place) => ({ ...(await openAudit(place)), tree: undefined }),
      progress: undefined,
      whileStoppable: (work) => work(new AbortController().signal),
      readStdin: async () => stdin,
      columns: 100,
      exit: (status) => {
        said.status = status;
      },
    };
    const program = new Command();
    addAuditCommands(program, io);
    await program.parseAsync(['audit', ...args], { from: 'user' });
    return said;
  }

  it('prints a table, and says how to go on', async () => {
    const { out, err, status } = await run([
      'pushes',
      '--accepted',
      '--repository',
      'open/**',
      '--limit',
      '3',
    ]);
    expect(
      out
        .trimEnd()
        .split('\n')
        .map((line) => /v\d+|RESULT/.exec(line)?.[0]),
    ).toEqual(['RESULT', 'v9', 'v6', 'v3']);
    expect(err).toEqual(expect.stringMatching(/^more: --cursor 4\.\d+\n$/));
    expect(status).toBe(0);
  });

  it('prints one JSON document', async () => {
    const { out } = await run(['pushes', '--refused', '--json']);
    expect(JSON.parse(out)).toMatchObject({
      items: [{ type: 'push.refused', count: 1 }],
      watermark: expect.any(Number),
    });
  });

  it('finds nothing without being wrong', async () => {
    expect(await run(['pulls', '--user', 'nobody'])).toEqual({ out: '', err: 'nothing found\n', status: 0 });
  });

  it.each<[string[], number, string]>([
    [['pushes', '--since', 'monday'], 2, '"since" is not'],
    [['pushes', '--tag', 'a', '--tag', 'b'], 2, 'more than once'],
    [['pushes', '--accepted', '--refused'], 2, '--accepted and --refused'],
    [['pushes', '--user-name', 'x'], 2, 'give --url'],
    [['pushes', '--url', 'http://registry.corp', '--user-name', 'x', '--password-stdin'], 2, 'not https'],
    [['pushes', '--url', 'https://u:p@registry.corp', '--token-file', 'x'], 2, 'holds credentials'],
    [['pushes', '--url', 'https://registry.corp', '--user-name', 'x'], 2, 'needs --password-stdin'],
    [
      ['pushes', '--url', 'https://registry.corp', '--token-file', '/nowhere'],
      2,
      '/nowhere cannot be read: ENOENT',
    ],
    [
      ['pushes', '--url', 'http://127.0.0.1:1', '--user-name', 'x', '--password-stdin'],
      3,
      'cannot be asked: ECONNREFUSED',
    ],
    [['pushes', '--config', '/nowhere'], 3, 'there is no such file'],
  ])('%j ends with %d and one sentence', async (args, status, sentence) => {
    const said = await run(args);
    expect(said).toMatchObject({ status, out: '', err: expect.stringContaining(sentence) });
    expect(said.err.trimEnd()).not.toContain('\n');
  });

  describe('asking a server', () => {
    let server: Server;
    let url = '';
    const asked: { url: string | undefined; authorization: string | undefined }[] = [];
    beforeAll(async () => {
      server = createServer((request, response) => {
        asked.push({ url: request.url, authorization: request.headers.authorization });
        const where = new URL(request.url ?? '/', 'http://x');
        const kind = where.pathname === '/api/v1/pulls' ? 'pulls' : 'pushes';
        if (request.headers.authorization === 'Bearer refused') {
          response.writeHead(403).end(JSON.stringify(new WardenError('POLICY_DENIED').toBody()));
          return;
        }
        opened.audit.ask(kind, Object.fromEntries(where.searchParams), open).then(
          (page) => response.end(JSON.stringify(page)),
          (error: WardenError) => response.writeHead(error.status).end(JSON.stringify(error.toBody())),
        );
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    });
    afterAll(() => new Promise((resolve) => server.close(resolve)));

    it('sends the filters and the password, and prints the same', async () => {
      const { out, status } = await run(
        [
          'pushes',
          '--repository',
          'open/**',
          '--tag',
          'v3',
          '--url',
          url,
          '--user-name',
          'ann',
          '--password-stdin',
        ],
        'p:ä w\n',
      );
      expect(status).toBe(0);
      expect(out).toContain('open/app:v3');
      expect(asked.at(-1)).toEqual({
        url: '/api/v1/pushes?repository=open%2F**&tag=v3',
        authorization: `Basic ${Buffer.from('ann:p:ä w').toString('base64')}`,
      });
    });

    it.each([
      ['refused', ['pulls'], 3, 'answered 403: refused by policy'],
      ['fine', ['pulls', '--limit', '0'], 2, '"limit" is not'],
    ])('with the token %s passes on what it says', async (token, args, status, sentence) => {
      const file = `${folder.path}/token`;
      writeFileSync(file, `${token}\n`);
      const said = await run([...args, '--url', url, '--token-file', file]);
      expect(said).toMatchObject({ status, err: expect.stringContaining(sentence) });
    });
  });
});
