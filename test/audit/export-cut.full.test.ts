/** An export ends with the login that it was asked for, and nobody takes it for whole. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { fillLog } from '../../bench/fill-log.ts';
import { createWorld } from '../../bench/record-leaves.ts';
import { eventually } from '../gate/eventually.ts';
import { type Front, startFront } from '../gate/front.ts';
import { basicHeader } from '../gate/wire.ts';
import { describeNeeding } from '../support/needs.ts';

/** More than the buffers of a connection hold. */
const RECORDS = 25_000;
const PAGE = { 'x-warden-page': '1' };

interface Taking {
  readonly status: number;
  /** Takes what comes from now on, until it ends. @returns the text, and whether the transfer was broken off. */
  takeAll(): Promise<{ readonly text: string; readonly broken: boolean }>;
  readonly asked: ClientRequest;
}

describeNeeding(['docker-registry'], 'an export whose login ends', () => {
  let front: Front;
  beforeAll(async () => {
    front = await startFront({
      users: ['erin', 'bob'],
      policy: `
rules:
  - id: auditors
    allow: [audit, sessions]
    repositories: ["**"]
    who: { groups: [auditors] }
`,
    });
    await front.warden.kill();
    const world = createWorld(RECORDS);
    fillLog(join(front.warden.folder, 'data'), world, RECORDS, () => undefined);
    await front.warden.restart();
    await eventually(
      // The index is made meanwhile.
      async () =>
        (await front.ask({ path: '/api/v1/pushes?limit=1', basic: basic() }).catch(() => undefined))?.status,
      (status) => status === 200,
      60_000,
    );
  }, 120_000);
  afterAll(() => front?.stop());

  const basic = () => ({ user: 'erin', password: front.passwords.erin });

  /** Begins to take it, and takes no more. */
  function begin(path: string, headers: Readonly<Record<string, string>>): Promise<Taking> {
    return new Promise((resolve, reject) => {
      const { host, port } = front.place;
      const asked = request({ host, port, path, headers }, (response: IncomingMessage) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.pause();
        resolve({
          asked,
          status: response.statusCode ?? 0,
          takeAll: () =>
            new Promise((end) => {
              const text = (): string => Buffer.concat(chunks).toString('utf8');
              response.on('end', () => end({ text: text(), broken: !response.complete }));
              response.on('error', () => end({ text: text(), broken: true }));
              response.resume();
            }),
        });
      });
      asked.on('error', reject);
      asked.end();
    });
  }
  async function signIn(): Promise<string> {
    const signed = await front.ask({
      method: 'POST',
      path: '/ui/session',
      headers: { ...PAGE, 'content-type': 'application/json' },
      body: Buffer.from(JSON.stringify(basic())),
    });
    return String(signed.headers['set-cookie']).split(';')[0] ?? '';
  }
  const revoke = (body: object) =>
    front.ask({
      method: 'POST',
      path: '/api/v1/revocations',
      basic: basic(),
      headers: { 'content-type': 'application/json' },
      body: Buffer.from(JSON.stringify(body)),
    });
  async function cutsOnRecord(): Promise<readonly { readonly cut: object; readonly index: number }[]> {
    const { text } = await front.ask({ path: '/api/v1/changes?type=export.cut', basic: basic() });
    return (JSON.parse(text) as { items: { cut: object; index: number }[] }).items;
  }

  test.each([
    ['lines of JSON, asked for with a token', 'ndjson', 'a token'],
    ['CSV, asked for with a password', 'csv', 'a password'],
    ['lines of JSON, taken by the page', 'ndjson', 'the page'],
  ])('%s: it says that it is not whole, and is on record', async (_what, format, by) => {
    const before = (await cutsOnRecord()).length;
    const cookie = await signIn();
    const token = await front.token({ user: 'erin', service: `${front.service}/api` });
    const headers: Record<string, string> =
      by === 'the page'
        ? { ...PAGE, cookie }
        : { authorization: by === 'a token' ? `Bearer ${token}` : basicHeader('erin', basic().password) };
    const taking = await begin(`/api/v1/pushes?format=${format}`, headers);
    expect(taking.status).toBe(200);
    if (by === 'the page')
      await front.ask({ method: 'DELETE', path: '/ui/session', headers: { ...PAGE, cookie } });
    else expect((await revoke({ kind: 'subject', id: 'erin' })).status).toBe(200);
    // Somebody who takes it meanwhile sees the end of it.
    const { text, broken } = await taking.takeAll();
    expect(broken).toBe(true);
    const last = text.trimEnd().split('\n').at(-1) ?? '';
    const reason = by === 'the page' ? 'TOKEN_MISSING' : 'TOKEN_REVOKED';
    if (format === 'csv') expect(last).toBe(`"NOT WHOLE: this export was cut (${reason})"`);
    else expect(JSON.parse(last)).toEqual({ cut: { items: expect.any(Number), reason } });
    const cuts = await eventually(cutsOnRecord, (found) => found.length > before);
    expect(cuts[0]?.cut).toEqual({ made: expect.any(Number), items: expect.any(Number), reason });
  });

  test('of somebody who takes nothing is broken off as well', async () => {
    const before = (await cutsOnRecord()).length;
    const taking = await begin('/api/v1/pushes?format=ndjson', {
      authorization: basicHeader('erin', basic().password),
    });
    await revoke({ kind: 'subject', id: 'erin' });
    await eventually(cutsOnRecord, (found) => found.length > before);
    expect((await taking.takeAll()).broken).toBe(true);
  });

  test('by command leaves no file', async () => {
    const file = join(front.warden.folder, 'cut.ndjson');
    const asked = front.warden.cli(
      [
        ...['audit', 'pushes', '--ndjson', '--output', file, '--url', front.warden.url],
        ...['--user-name', 'erin', '--password-stdin'],
      ],
      { input: basic().password },
    );
    const exports = async () =>
      Number(
        (
          JSON.parse((await front.ask({ path: '/api/v1/count?type=export.made', basic: basic() })).text) as {
            total: number;
          }
        ).total,
      );
    const before = await exports();
    await eventually(exports, (made) => made > before);
    await revoke({ kind: 'subject', id: 'erin' });
    const { status, stderr } = await asked;
    // The connection is broken off behind the last line, which a command that has much to take may not have reached.
    expect([status, stderr]).toEqual([
      3,
      expect.stringMatching(/the server has cut the export|was cut short/),
    ]);
    expect(existsSync(file)).toBe(false);
  });

  test('is cut where its reader may not read all of the record any more', async () => {
    const before = (await cutsOnRecord()).length;
    const taking = await begin('/api/v1/pushes?format=ndjson', {
      authorization: basicHeader('erin', basic().password),
    });
    const file = join(front.warden.folder, 'policy.yaml');
    const policy = readFileSync(file, 'utf8');
    const mayAsk = async () =>
      (await front.ask({ path: '/api/v1/activity?limit=1', basic: basic() })).status === 200;
    writeFileSync(file, policy.replace('[audit, sessions]', '[audit]').replace('["**"]', '["team-1/**"]'));
    await eventually(mayAsk, (may) => !may);
    const { text, broken } = await taking.takeAll();
    writeFileSync(file, policy);
    await eventually(mayAsk, (may) => may);
    expect(broken).toBe(true);
    const [last = ''] = text.trimEnd().split('\n').slice(-1);
    expect(JSON.parse(last)).toEqual({ cut: { items: expect.any(Number), reason: 'POLICY_DENIED' } });
    await eventually(cutsOnRecord, (found) => found.length > before);
  });
});
