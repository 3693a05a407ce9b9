/** Questions about the policy, over HTTP and by command, beside a Warden that serves and records. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { WardenError } from '../../src/errors.ts';
import { createInquiries } from '../../src/inquiry/inquiries.ts';
import { eventually } from '../gate/eventually.ts';
import { BUILDER, ELSEWHERE, type Front, POLICY, startFront, type UserName } from '../gate/front.ts';
import { pushImage, smallImage, startUpload } from '../gate/images.ts';
import { ask, type Reply } from '../gate/wire.ts';
import { describeNeeding } from '../support/needs.ts';

/** carol may ask the policy, erin the policy and the record. */
const OPEN = `${POLICY}
  - id: engineers
    allow: [policy]
    repositories: ["**"]
    who: { groups: [security, auditors] }
`;
/** Only one builder is left, and nobody else changes. */
const NARROW = OPEN.replace('builders: [jenkins-01, jenkins-02]', 'builders: [jenkins-02]');

let front: Front;
beforeAll(async () => {
  front = await startFront({ users: ['alice', 'bob', 'carol', 'erin'], policy: OPEN });
}, 60_000);
afterAll(() => front?.stop());

function question(path: string, user?: UserName, method = 'GET'): Promise<Reply> {
  const basic = user && { user, password: front.passwords[user] };
  return front.ask({ path: `/api/v1/policy/${path}`, method, ...(basic && { basic }) });
}

async function answered(path: string, user: UserName = 'carol'): Promise<Record<string, unknown>> {
  const reply = await question(path, user);
  expect({ status: reply.status, text: reply.status === 200 ? '' : reply.text }).toEqual({
    status: 200,
    text: '',
  });
  expect(reply.headers['cache-control']).toBe('no-store');
  return JSON.parse(reply.text);
}

describeNeeding(['docker-registry'], 'questions about the policy', () => {
  it('are answered to those whom the policy lets ask', async () => {
    expect((await question('who?can=push')).status).toBe(401);
    const refused = await question('who?can=push', 'alice');
    expect(refused).toMatchObject({ status: 403, error: { code: 'DENIED' } });
    expect(refused.error?.message).toMatch(/rule engineers; decision/);
    expect((await question('who?can=push', 'carol', 'POST')).status).toBe(405);
    expect((await question('where?can=push', 'carol')).status).toBe(404);
  });

  it('tell who may, with the members of the groups', async () => {
    expect(await answered('who?can=push&repository=team/app')).toMatchObject({
      policy: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
      rows: [
        {
          rules: ['team-push'],
          actions: ['create', 'overwrite'],
          who: { groups: ['ci'] },
          from: ['builders'],
          addresses: [BUILDER, '127.0.0.7'],
          members: { ci: ['alice'] },
        },
      ],
    });
    const { rows } = await answered(`who?can=push&repository=team/app&from=${ELSEWHERE}`);
    expect(rows).toEqual([]);
  });

  it('tell what somebody may, with the groups of the users file', async () => {
    const { rows } = (await answered('what?user=alice&can=push&can=delete')) as {
      rows: { rules: string[] }[];
    };
    expect(rows.map(({ rules }) => rules)).toEqual([['bound-push'], ['fixed-create'], ['team-push']]);
    expect((await answered('what?user=&can=push'))['rows']).toEqual([]);
  });

  it('say that nobody knows the groups of a user who is not in the file', async () => {
    const about = `action=push&repository=team/app&tag=v1&from=${ELSEWHERE}`;
    for (const [question, note] of [
      [`explain?user=alice&${about}`, undefined],
      [`explain?user=zoe&group=ci&${about}`, undefined],
      [`explain?user=zoe&${about}`, expect.stringContaining('a directory is not asked here')],
      ['what?user=zoe', expect.stringContaining('a directory is not asked here')],
    ] as const)
      expect([question, (await answered(question))['note']]).toEqual([question, note]);
  });

  it('explain one answer', async () => {
    const told = await answered(
      `explain?user=alice&action=push&repository=team/app&tag=v1&from=${ELSEWHERE}`,
    );
    expect(told).toMatchObject({
      decision: { verdict: 'refused', nearest: 'team-push' },
      rules: expect.arrayContaining([expect.objectContaining({ id: 'team-push', holds: 'no' })]),
    });
  });

  it.each([
    ['who?repository=pub', /"can" is missing/],
    ['who?can=pushe', /"can" is wrong: "pushe": expected one of pull, .*did you mean "push"/],
    ['who?can=push&user=bob', /"user" is not known here; there are can, repository/],
    ['who?can=push&from=a&from=b', /"from" is given more than once/],
    ['who?can=push&repository=Team', /"repository" is wrong: .*lower case/],
    ['who?can=push&tag=LONG', /"tag" is longer than 512 characters/],
    ['what', /"user" is missing/],
    ['what?user=bob&version=0000000', /"version" names no policy/],
    ['explain?user=bob', /"action" is wrong: what is done is missing/],
    ['diff?old=live', /"new" is missing/],
    ['diff?old=live&new=live&replay=0', /"replay" is no number of days from 1 to 366/],
  ])('refuse %s', async (path, message) => {
    const reply = await question(path.replace('LONG', 'x'.repeat(600)), 'erin');
    expect(reply).toMatchObject({ status: 400, error: { code: 'UNSUPPORTED' } });
    expect(reply.error?.message).toMatch(message);
  });

  it('compare two versions, and replay what was recorded to those who may read the record', async () => {
    const token = await front.token({ user: 'alice', scope: 'repository:team/app:pull,push' });
    const pushed = await pushImage(front.place, 'team/app', 'v1', smallImage(), { token, from: BUILDER });
    expect(pushed.status).toBe(201);
    await pushImage(front.place, 'team/app', 'v1', smallImage(), { token, from: BUILDER });
    expect((await startUpload(front.place, 'team/app', { token, from: ELSEWHERE })).status).toBe(403);
    const anonymous = await front.token({ scope: 'repository:team/app:pull' });
    const pulled = await ask(front.place, { path: '/v2/team/app/manifests/v1', token: anonymous });
    expect(pulled.status).toBe(200);
    const old = String((await answered('what?user=bob'))['policy']);

    const before = front.warden.log().length;
    writeFileSync(join(front.warden.folder, 'policy.yaml'), NARROW);
    front.warden.signal('SIGHUP');
    await eventually(
      () => front.warden.log().slice(before),
      (log) => log.includes('another policy decides'),
    );

    const changed = {
      removed: expect.arrayContaining([
        expect.objectContaining({
          sentence: expect.stringMatching(
            /^members of ci may no longer push to .*team\/\*\* from 127\.0\.0\.5$/,
          ),
          example: expect.stringMatching(/\(ci\) from 127\.0\.0\.5, /),
        }),
      ]),
      added: [],
    };
    expect(await answered(`diff?old=${old}&new=live`)).toMatchObject(changed);
    expect((await question(`diff?old=${old}&new=live&replay=1`, 'carol')).status).toBe(403);
    const replay = {
      changed: 2,
      changes: expect.arrayContaining([
        expect.objectContaining({ action: 'create', before: 'granted', after: 'refused', count: 1 }),
        expect.objectContaining({ action: 'overwrite', rulesBefore: ['team-push'], count: 1 }),
      ]),
    };
    const over = await eventually(
      () => answered(`diff?old=${old}&new=live&replay=1`, 'erin'),
      (told) => (told['replay'] as { requests: number }).requests >= 4,
    );
    expect(over).toMatchObject({ ...changed, replay });

    // The command beside it, with the same record.
    const told = await front.warden.cli(['policy', 'diff', old, 'live', '--replay', '1', '--exit-code']);
    expect(told.stderr).toBe('');
    expect(told.status).toBe(1);
    expect(told.stdout).toMatch(/^- members of ci may no longer push to /);
    expect(told.stdout).toMatch(/\n4 requests of the last day: the answer changes for 2\n/);
    expect(told.stdout).toMatch(
      /\n1 {6}\S+ \S+ +granted -> refused +team-push +alice \(ci\) from 127\.0\.0\.5, /,
    );
  }, 60_000);
});

it('a question that takes too long is ended, and says so', async () => {
  const inquiries = createInquiries(1);
  const asked = {
    kind: 'what',
    raw: { user: 'bob' },
    folder: '/nonexistent',
    live: 'sha256:0',
    users: new Map(),
    now: 0,
  } as const;
  await expect(inquiries.ask(asked)).rejects.toBeInstanceOf(WardenError);
  await expect(inquiries.ask(asked)).rejects.toThrow(/takes longer than 0.001 seconds/);
  await inquiries.close();
});
