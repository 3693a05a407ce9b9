/**
 * Every operation of the API, asked of a Warden that serves: its real answers are what its declaration says, to the last
 * member, by the schemas themselves and by docs/openapi.json as a validator reads it that is not ours.
 */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { z } from 'zod';
import { catalogue } from '../../src/errors.ts';
import { errorsOf } from '../../src/http/api/document.ts';
import type { Operation } from '../../src/http/api/operation.ts';
import { OPERATIONS } from '../../src/http/api/operations.ts';
import { errors } from '../../src/http/api/shared.ts';
import { eventually } from '../gate/eventually.ts';
import { BUILDER, type Front, startFront, type UserName } from '../gate/front.ts';
import { pushImage, type SmallImage, smallImage } from '../gate/images.ts';
import { MACHINES_POLICY } from '../gate/machines.ts';
import type { Reply } from '../gate/wire.ts';
import { describeNeeding } from '../support/needs.ts';

/** erin may ask everything; alice makes robots of her team, and grants, which erin approves. */
const OPEN = `${MACHINES_POLICY}
  - id: engineers
    allow: [policy, sessions, grants]
    repositories: ["**"]
    who: { groups: [auditors] }
`;

interface Asked {
  readonly user?: UserName;
  readonly parts?: Readonly<Record<string, string>>;
  readonly query?: string;
  readonly body?: unknown;
  readonly form?: Readonly<Record<string, string>>;
  readonly from?: string;
  /** What is expected where it is no success. */
  readonly status?: number;
}

/** The members of answers from which the next request, or an expectation, is made. */
const USED = z.looseObject({
  items: z
    .array(
      z.looseObject({
        ...{ index: z.int().default(-1), id: z.string().default('') },
        ended: z.looseObject({ why: z.string() }).or(z.string()).optional(),
      }),
    )
    .default([]),
  ...{ id: z.string().default(''), state: z.string().optional(), started: z.boolean().optional() },
  ...{ refresh_token: z.string().default(''), attached: z.array(z.unknown()).optional() },
  report: z.looseObject({ ended: z.unknown().optional() }).nullish(),
});
type Used = z.output<typeof USED>;
const NOTHING = USED.parse({});

const ajv = new Ajv2020({ strict: false, validateFormats: false });
ajv.addSchema(JSON.parse(readFileSync('docs/openapi.json', 'utf8')) as object, 'openapi');
/** Operations that have given an answer. */
const answered = new Set<string>();

describeNeeding(['docker-registry'], 'the API', () => {
  let front: Front;
  let image: SmallImage;

  beforeAll(async () => {
    front = await startFront({
      users: ['alice', 'bob', 'erin'],
      policy: OPEN,
      settings: {
        transparency: { origin: 'registry.test/log', keyFile: 'keys/log.pem', lockFile: 'log.lock' },
        attestations: { keyFile: 'keys/attestations.pem', levelPrefix: 'ACME' },
      },
    });
    const token = await front.token({ user: 'alice', scope: 'repository:team/app:pull,push' });
    image = smallImage();
    const config = { token, from: BUILDER };
    expect((await pushImage(front.place, 'team/app', 'v1', smallImage(), config)).status).toBe(201);
    expect((await pushImage(front.place, 'team/app', 'v1', image, config)).status).toBe(201);
    expect(
      (await pushImage(front.place, 'team/app', 'v2', image, { ...config, from: '127.0.0.6' })).status,
    ).toBe(403);
    await front.ask({ path: `/v2/team/app/manifests/v1`, token });
    await eventually(
      () => front.ask({ path: '/api/v1/log/checkpoint', basic: basic('erin') }),
      ({ status, text }) => status === 200 && Number(text.split('\n')[1]) > 3,
    );
    await eventually(
      async () => (await call('askPulls')).items.length,
      (length) => length > 0,
    );
  }, 90_000);
  afterAll(() => front?.stop());

  const basic = (user: UserName) => ({ user, password: front.passwords[user] });

  async function raw(id: string, asked: Asked = {}): Promise<{ operation: Operation; reply: Reply }> {
    const operation = OPERATIONS[id];
    if (operation === undefined) throw new Error(`no operation ${id}`);
    const { method, access, path } = operation;
    const place = path.replace(/\{(\w+)\}/g, (_, name: string) => asked.parts?.[name] ?? '');
    const body = asked.form
      ? String(new URLSearchParams(asked.form))
      : asked.body && JSON.stringify(asked.body);
    const reply = await front.ask({
      method,
      path: `${place}${asked.query === undefined ? '' : `?${asked.query}`}`,
      ...((access === 'login' || asked.user) && { basic: basic(asked.user ?? 'erin') }),
      ...(asked.from !== undefined && { from: asked.from }),
      ...(body !== undefined && {
        body: String(body),
        headers: { 'content-type': operation.body?.type ?? '' },
      }),
    });
    return { operation, reply };
  }

  /** @returns the answer, once it is what was declared. */
  async function call(id: string, asked: Asked = {}): Promise<Used> {
    const { operation, reply } = await raw(id, asked);
    const { json, other, status } = operation.answer;
    expect({ id, status: reply.status, text: reply.status < 300 ? '' : reply.text }).toEqual({
      ...{ id, status, text: '' },
    });
    answered.add(id);
    if (status === 204) {
      expect(reply.text).toBe('');
      return NOTHING;
    }
    const [type = ''] = (reply.headers['content-type'] ?? '').split(';');
    if (type !== 'application/json') {
      expect(Object.keys(other ?? {})).toContain(type);
      return NOTHING;
    }
    const value: unknown = JSON.parse(reply.text);
    expect({ id, issues: json?.safeParse(value).error?.issues }).toEqual({ id, issues: undefined });
    checkByDocument(`${id.slice(0, 1).toUpperCase()}${id.slice(1)}Answer`, value);
    return USED.parse(value);
  }

  function checkByDocument(name: string, value: unknown): void {
    const check = ajv.getSchema(`openapi#/components/schemas/${name}`);
    expect({ name, known: check !== undefined }).toEqual({ name, known: true });
    expect({ name, ok: check?.(value), errors: check?.errors }).toEqual({ name, ok: true, errors: null });
  }

  it.each<readonly [string, string]>([
    ['askPushes', 'limit=5'],
    ['askPushes', 'limit=5&proof=true&result=accepted'],
    ['askPushes', 'format=csv'],
    ['askPushes', 'format=ndjson'],
    ['askCount', ''],
    ['askRecord', 'index=1'],
    ['askPulls', ''],
    ['askTag', 'repository=team/app&tag=v1'],
    ['askRefusals', 'per=hour'],
    ['askSharedTags', ''],
    ['askActivity', 'per=hour'],
    ['askActivity', 'by=user'],
    ['askPullActivity', ''],
    ['askBehind', ''],
    ['askSeen', 'kind=user'],
    ['askChanges', ''],
    ['askDrift', ''],
    ['listSessions', ''],
    ['listRobots', ''],
    ['listGrants', ''],
    ['whoMay', 'can=push'],
    ['whatMay', 'user=alice'],
    ['explainDecision', 'user=alice&action=push&repository=team/app&from=127.0.0.5'],
    ['comparePolicies', 'old=live&new=live&replay=1'],
    ['readCheckpoint', ''],
    ['readLogKeys', ''],
    ['readProof', 'index=1'],
    ['readConsistency', 'from=1&to=2'],
    ['reportReconciliation', ''],
    ['showStatus', ''],
    ['describeApi', ''],
    ['attestationKey', ''],
    ['publishKeys', ''],
  ])('%s?%s answers what it declares', async (id, query) => {
    await call(id, query === '' ? {} : { query });
  });

  it('answers what it declares about an image', async () => {
    const digest = `digest=${image.digest}`;
    expect((await call('askImage', { query: digest })).items).toHaveLength(1);
    const [record] = (await call('askPushes', { query: `${digest}&result=accepted` })).items;
    expect((await call('askLayers', { query: `index=${record?.index}` })).items.length).toBeGreaterThan(0);
    for (const id of ['askBuiltOn', 'askBaseRepositories', 'askBasePulls'])
      await call(id, { query: `base=${image.digest}` });
    const about = `repository=team/app&${digest}`;
    await call('attest', { query: `${about}&type=release&type=push-record` });
    const { attached } = await call('attachAttestations', {
      ...{ user: 'alice', from: BUILDER, body: { repository: 'team/app', digest: image.digest } },
    });
    expect(attached).toHaveLength(2);
    expect((await call('findAttestations', { query: about })).items.length).toBeGreaterThan(0);
    await call('readTile', { parts: { level: '0', index: '000.p/1' } });
  });

  it('answers what it declares about robots and grants', async () => {
    const ofAlice = { user: 'alice', from: BUILDER } as const;
    await call('createRobot', {
      ...ofAlice,
      body: { name: 'deployer', repositories: ['team/**'], days: 30, groups: ['ci'] },
    });
    await call('rotateRobot', { ...ofAlice, parts: { name: 'deployer' }, body: { overlapHours: 1 } });
    expect((await call('listRobots', ofAlice)).items).toHaveLength(1);
    await call('revokeRobot', { ...ofAlice, parts: { name: 'deployer' } });
    const asked = { repositories: ['prod/app'], tags: ['v1'], minutes: 10, job: 'app/main', number: 7 };
    const { id } = await call('requestGrant', { ...ofAlice, body: asked });
    expect((await call('showGrant', { ...ofAlice, parts: { id }, query: 'wait=0' })).state).toBe('pending');
    await call('approveGrant', { parts: { id }, body: { comment: 'the hotfix' } });
    await call('closeGrant', { ...ofAlice, parts: { id }, body: { comment: 'not needed' } });
    expect((await call('listGrants', ofAlice)).items[0]).toMatchObject({ ended: { why: 'closed' } });
    expect((await call('askPushes', { query: 'type=grant.approved' })).items).toHaveLength(1);
  });

  it('answers what it declares about logins', async () => {
    const { service } = front;
    const query = new URLSearchParams({ service, offline_token: 'true' });
    const { refresh_token } = await call('getToken', { user: 'bob', query: String(query) });
    await call('postToken', { form: { service, grant_type: 'refresh_token', refresh_token } });
    const { items } = await call('listSessions', { query: 'subject=bob' });
    expect(items).toHaveLength(1);
    await call('endSession', { parts: { id: items[0]?.id ?? '' } });
    await call('revokeToken', { form: { token: refresh_token } });
    await call('endLogins', { body: { kind: 'subject', id: 'bob' } });
  });

  it('answers what it declares about the registry, before a comparison and after', async () => {
    expect((await call('startReconciliation', { body: {} })).started).toBe(true);
    await eventually(
      async () => (await call('reportReconciliation')).report,
      (report) => report?.ended !== undefined,
    );
  });

  it('streams what it declares', async () => {
    const reply = await fetch(`${front.warden.url}/api/v1/events`, {
      headers: {
        authorization: `Basic ${Buffer.from(`erin:${front.passwords.erin}`).toString('base64')}`,
        'last-event-id': '0',
      },
    });
    expect(reply.headers.get('content-type')).toMatch(/^text\/event-stream;/);
    const reader = reply.body?.getReader();
    let text = '';
    while (!/^data: .*$/m.test(text)) text += Buffer.from((await reader?.read())?.value ?? []).toString();
    await reader?.cancel();
    checkByDocument('Record', JSON.parse(/^data: (.*)$/m.exec(text)?.[1] ?? ''));
    answered.add('followRecord');
  });

  it.each<readonly [string, Asked, number]>([
    ['askPushes', { user: 'bob' }, 403],
    ['askPushes', { query: 'colour=red' }, 400],
    ['askRecord', {}, 400],
    ['showGrant', { parts: { id: 'none' } }, 404],
    ['showGrant', { parts: { id: 'none' }, query: 'wait=99' }, 400],
    ['listSessions', { query: 'all=perhaps' }, 400],
    ['endLogins', { body: { kind: 'subject', id: 'bob', why: '' } }, 400],
    ['attest', { query: `repository=team/app&digest=sha256:${'0'.repeat(64)}` }, 404],
    ['createRobot', { user: 'bob', body: { name: 'x', repositories: ['**'], days: 1 } }, 403],
    ['readConsistency', { query: 'from=1' }, 400],
    ['readCosignedCheckpoint', {}, 404],
    ['getToken', { query: 'service=elsewhere' }, 400],
  ])('%s is refused as it declares: %j is %i', async (id, asked, status) => {
    const { operation, reply } = await raw(id, asked);
    expect({ status: reply.status, text: reply.text }).toMatchObject({ status });
    expect(errors.safeParse(JSON.parse(reply.text)).error?.issues).toBeUndefined();
    checkByDocument('Errors', JSON.parse(reply.text));
    expect(errorsOf(operation).map((name) => catalogue[name].status)).toContain(status);
  });

  it.each([...readFileSync('docs/api.md', 'utf8').matchAll(/^curl .*$/gm)].map(([line]) => [line] as const))(
    'does what its page says: %s',
    async (line) => {
      const here = line
        .replaceAll('https://registry.corp:5000', front.warden.url)
        .replaceAll('registry.corp:5000', front.service)
        .replace('-u erin', `-u erin:${front.passwords.erin}`);
      const { stdout } = await promisify(execFile)('sh', ['-c', `${here} --fail-with-body`]);
      expect(Object.keys(JSON.parse(stdout) as object).length).toBeGreaterThan(0);
    },
  );

  it('offers no method that is not declared', async () => {
    for (const { path, method } of Object.values(OPERATIONS)) {
      const place = path.replace(/\{(\w+)\}/g, 'x');
      const offered = Object.values(OPERATIONS).flatMap((one) =>
        one.path === path ? [one.method, ...(one.head ? ['HEAD'] : [])] : [],
      );
      const reply = await front.ask({ method: 'PUT', path: place, body: '' });
      expect([place, reply.status, reply.headers['allow']]).toEqual([place, 405, offered.join(', ')]);
      expect(offered).toContain(method);
    }
  });

  it('refuses a parameter that is not declared, of every operation', async () => {
    for (const { path, method } of Object.values(OPERATIONS).filter((one) => one.path.startsWith('/api/'))) {
      const place = path.replace(/\{(\w+)\}/g, 'x');
      const reply = await front.ask({
        ...{ method, path: `${place}?unheard=of`, basic: { user: 'erin', password: front.passwords.erin } },
        ...(method !== 'GET' && { headers: { 'content-type': 'application/json' }, body: '{}' }),
      });
      expect([place, method, reply.status]).toEqual([place, method, 400]);
    }
  });

  it('has answered for every operation but those that need more than one server', () => {
    const missing = Object.keys(OPERATIONS).filter((id) => !answered.has(id));
    // Without a witness there is no cosigned checkpoint; test/witness has one.
    expect(missing).toEqual(['readCosignedCheckpoint']);
  });
});
