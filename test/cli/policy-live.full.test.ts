/** The tools beside a running Warden: what was in force, and what somebody was refused. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { eventually } from '../gate/eventually.ts';
import { BUILDER, ELSEWHERE, type Front, POLICY, startFront } from '../gate/front.ts';
import { pushImage, smallImage, startUpload, type With } from '../gate/images.ts';
import { ask, type Reply } from '../gate/wire.ts';
import { describeNeeding } from '../support/needs.ts';

const CLOSED = POLICY.replace(
  'repositories: [pub, "pub/**", "team/**"]\n    who',
  'repositories: [pub]\n    who',
);

let front: Front;
beforeAll(async () => {
  front = await startFront({ users: ['alice'] });
}, 60_000);
afterAll(() => front?.stop());

const policy = (...args: string[]) => front.warden.cli(['policy', ...args]);

async function alice(from: string): Promise<With> {
  return { token: await front.token({ user: 'alice', scope: 'repository:team/app:pull,push' }), from };
}

/** The id that the person reads. */
function idIn(reply: Reply): string {
  expect(reply).toMatchObject({ status: 403, error: { code: 'DENIED' } });
  expect(reply.error?.message.length).toBeLessThanOrEqual(300);
  const [, id = ''] = /decision ([0-9a-f]{16})\)$/.exec(reply.error?.message ?? '') ?? [];
  expect(id).not.toBe('');
  return id;
}

/** What is refused is written within a second or so. */
function opened(id: string, ...more: string[]) {
  return eventually(
    () => policy('explain', '--decision', id, ...more),
    ({ status }) => status === 0,
  );
}

async function take(text: string): Promise<void> {
  const before = front.warden.log().length;
  writeFileSync(join(front.warden.folder, 'policy.yaml'), text);
  front.warden.signal('SIGHUP');
  await eventually(
    () => front.warden.log().slice(before),
    (log) => log.includes('another policy decides'),
  );
}

async function periods(): Promise<readonly { digest: string; from: string; until?: string }[]> {
  const { stdout } = await policy('versions', '--json');
  return JSON.parse(stdout).items;
}

describeNeeding(['docker-registry'], 'the id of a decision', () => {
  it('opens a refused push, whose message says what would have been needed', async () => {
    const reply = await startUpload(front.place, 'team/app', await alice(ELSEWHERE));
    expect(reply.error?.message).toMatch(
      /\(seen: alice from 127\.0\.0\.6, push team\/app; needed: from builders; rule team-push; decision [0-9a-f]{16}\)$/,
    );
    const id = idIn(reply);
    // Before that the record has it, with fewer facts, and the tool says so.
    const { stdout, stderr } = await eventually(
      () => policy('explain', '--decision', id),
      (said) => said.status === 0 && said.stderr === '',
    );
    expect(stderr).toBe('');
    expect(stdout).toMatch(/^decision [0-9a-f]{16}, 20\d\d-\S+Z\nrefused: push team\/app, tag not known\n/);
    expect(stdout).toMatch(
      /\n {2}who {7}alice \(person, password\); groups ci\n {2}from {6}127\.0\.0\.6, token from 127\.0\.0\.1\n/,
    );
    expect(stdout).toMatch(/\nteam-push +allow +no +from: expected builders; seen 127\.0\.0\.6\n/);
  });

  it('opens a refused pull, and tells someone without a login no names', async () => {
    const token = await front.token({ scope: 'repository:sec:pull' });
    const reply = await ask(front.place, { path: '/v2/sec/manifests/v1', token });
    expect(reply.error?.message).toMatch(/; needed: a login of a certain group; rule security; /);
    const { stdout } = await opened(idIn(reply), '--json');
    expect(JSON.parse(stdout)).toMatchObject({
      decision: { verdict: 'refused', nearest: 'security' },
      question: {
        subject: { name: '', kind: 'anonymous' },
        actions: ['pull'],
        repository: 'sec',
        unknown: [],
      },
    });
  });

  it('opens a refused question to the record', async () => {
    const basic = { user: 'alice', password: front.passwords.alice };
    const { stdout } = await opened(idIn(await ask(front.place, { path: '/api/v1/pushes', basic })));
    expect(stdout).toMatch(/\nrefused: audit\n/);
    expect(stdout).toMatch(/\nauditors +allow +no +groups: expected auditors; seen ci\n/);
  });

  it('opens each of many like refusals', async () => {
    const elsewhere = await alice(ELSEWHERE);
    const ids: string[] = [];
    for (let tries = 0; tries < 40; tries++)
      ids.push(idIn(await startUpload(front.place, 'team/app', elsewhere)));
    expect(new Set(ids).size).toBe(40);
    for (const id of [ids[0], ids[17], ids[39]])
      expect((await opened(id ?? '')).stdout).toContain(`decision ${id}`);
  });

  it('opens an accepted push as well, from the record', async () => {
    const reply = await pushImage(front.place, 'team/app', 'v1', smallImage(), await alice(BUILDER));
    expect(reply.status).toBe(201);
    const { stdout } = await opened(reply.headers['x-request-id'] ?? '');
    expect(stdout).toMatch(/\ngranted: create team\/app:v1\n {2}by {8}team-push\n/);
  });

  it('says where to look where it is not kept, and what is no id', async () => {
    const unknown = await policy('explain', '--decision', '0123456789abcdef');
    expect(unknown).toMatchObject({ status: 2, stdout: '' });
    expect(unknown.stderr).toMatch(
      /no decision 0123456789abcdef is kept \(refusals are kept for 14 days.*requestId/,
    );
    expect((await policy('explain', '--decision', 'abc')).stderr).toMatch(/is no id of a decision/);
  });
});

describeNeeding(['docker-registry'], 'a policy that was in force', () => {
  it('is asked, also after another one has taken its place', async () => {
    const [first] = await periods();
    const refused = idIn(await startUpload(front.place, 'team/app', await alice(ELSEWHERE)));
    const asked = [
      '--user',
      'alice',
      '--from',
      BUILDER,
      '--action',
      'push',
      '--repository',
      'team/app',
      '--tag',
      'v1',
      '--client',
      '',
    ];
    await take(CLOSED);
    const [second, before] = await periods();
    expect(before).toEqual({ ...first, until: second?.from });
    expect(second?.digest).not.toBe(first?.digest);
    const explain = async (...more: string[]) =>
      (await policy('explain', ...asked, ...more)).stdout.split('\n')[0];
    expect(await explain()).toBe('refused: push team/app:v1');
    expect(await explain('--version', first?.digest.slice(7, 19) ?? '')).toBe('granted: push team/app:v1');
    expect(await explain('--at', first?.from ?? '')).toBe('granted: push team/app:v1');
    expect(await explain('--at', second?.from ?? '')).toBe('refused: push team/app:v1');
    // A decision is explained by the policy that made it, unless another one is named.
    const opening = (await opened(refused, '--json')).stdout;
    expect(JSON.parse(opening)).toMatchObject({ policy: first?.digest, decision: { nearest: 'team-push' } });
    const today = await policy(
      'explain',
      '--decision',
      refused,
      '--policy',
      join(front.warden.folder, 'policy.yaml'),
      '--json',
    );
    expect(JSON.parse(today.stdout)).toMatchObject({ policy: second?.digest, decision: { rules: [] } });
    const shown = await policy('versions', '--show', first?.digest ?? '');
    expect(shown.stdout.trimEnd()).toBe(`# --- policy.yaml\n${POLICY.trimEnd()}`);
    await take(POLICY);
  }, 60_000);

  it('is kept before it decides, so that no stop takes it away', async () => {
    const before = await periods();
    await take(CLOSED);
    await front.warden.kill();
    const after = await periods();
    expect(after.length).toBe(before.length + 1);
    writeFileSync(join(front.warden.folder, 'policy.yaml'), POLICY);
    await front.warden.restart();
    expect((await periods())[0]?.digest).toBe(before[0]?.digest);
  }, 60_000);

  it('has one period for each time it decided, whatever restarts there were', async () => {
    const before = await periods();
    expect(new Set(before.map(({ digest }) => digest)).size).toBe(2);
    await front.warden.kill();
    await front.warden.restart();
    expect(await periods()).toEqual(before);
    const { stdout } = await policy('versions');
    expect(stdout.split('\n')[0]).toMatch(/^FROM \(UTC\) +UNTIL \(UTC\) +POLICY$/);
    expect(stdout.trimEnd().split('\n')).toHaveLength(before.length + 1);
  }, 60_000);

  it('decides also where it cannot be kept; then nothing is pushed, pulls go on, and it is kept later', async () => {
    const builder = await alice(BUILDER);
    const file = new DatabaseSync(join(front.warden.folder, 'data', 'policies.db'));
    const metric = async () =>
      /^warden_policy_unkept (\d)$/m.exec((await front.operations('/metrics')).text)?.[1];
    const opener = POLICY.replace('[127.0.0.0/8]', '["::1", 127.0.0.0/8]');
    try {
      file.exec('BEGIN EXCLUSIVE');
      await take(opener);
      expect(await metric()).toBe('1');
      const refused = await startUpload(front.place, 'team/app', builder);
      expect(refused).toMatchObject({ status: 403, error: { code: 'DENIED' } });
      expect(refused.error?.message).toMatch(/record/);
      expect((await front.operations('/readyz/push')).status).toBe(503);
      expect((await front.operations('/readyz')).status).toBe(200);
      const pulled = await ask(front.place, { ...builder, path: '/v2/team/app/manifests/v1' });
      expect(pulled.status).toBe(200);
    } finally {
      file.exec('ROLLBACK');
      file.close();
    }
    await eventually(metric, (value) => value === '0');
    expect((await startUpload(front.place, 'team/app', builder)).status).toBe(202);
    const [newest] = await periods();
    const shown = await policy('versions', '--show', newest?.digest ?? '');
    expect(shown.stdout).toContain('["::1", 127.0.0.0/8]');
    expect(readFileSync(join(front.warden.folder, 'policy.yaml'), 'utf8')).toBe(opener);
    expect(front.warden.log().includes('the policy in force cannot be kept: it decides')).toBe(true);
    expect(front.warden.log().includes('the policy in force is kept')).toBe(true);
  }, 60_000);
});
