/** `warden robot` and `warden grant`: on the files beside a server, and by the server. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { eventually } from '../gate/eventually.ts';
import { BUILDER, tokenIn } from '../gate/front.ts';
import { pushImage, smallImage } from '../gate/images.ts';
import { itemsOf, json, type Login, type Machines, startMachines } from '../gate/machines.ts';
import { describeNeeding } from '../support/needs.ts';

/** A command takes seconds to start on a machine under load, and these are many. */
const MANY_COMMANDS_MS = 180_000;

let site: Machines;
beforeAll(async () => {
  site = await startMachines();
}, 60_000);
afterAll(() => site?.front.stop());

const SCOPE = 'repository:team/app:pull,push';

async function command(args: readonly string[], as?: 'alice' | 'carol') {
  const { warden, passwords } = site.front;
  const server = as ? ['--url', warden.url, '--user-name', as, '--password-stdin'] : [];
  const input = as ? { input: `${passwords[as]}\n` } : {};
  const { status, stdout, stderr } = await warden.cli([...args, ...server], input);
  return { status, stdout: stdout.trim(), stderr: stderr.trim() };
}

async function done(args: readonly string[], as?: 'alice' | 'carol'): Promise<string> {
  const { status, stdout, stderr } = await command(args, as);
  expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' });
  return stdout;
}

const untilIs = (login: Login, status: number) =>
  eventually(
    () => site.askToken(login, SCOPE),
    (reply) => reply.status === status,
  );

describeNeeding(['docker-registry'], 'robots by command', () => {
  it(
    'are made, listed, rotated and ended on the files, beside a server that takes it over',
    async () => {
      const bounds = ['--repository', 'team/**', '--group', 'ci', '--days', '30', '--description', 'deploys'];
      const secret = await done(['robot', 'create', 'filed', ...bounds]);
      expect(secret).toMatch(/^rwr_[0-9A-Za-z]{49}$/);
      const login = { user: 'filed', password: secret };
      const token = tokenIn(await untilIs(login, 200));
      const push = () =>
        pushImage(site.front.place, 'team/app', 'v1', smallImage(), { token, from: BUILDER });
      expect((await push()).status).toBe(201);
      expect(await done(['robot', 'list'])).toMatch(/filed +team\/\*\* +pull push +ci .*deploys/);
      const next = await done(['robot', 'rotate', 'filed', '--overlap-hours', '0']);
      await untilIs({ user: 'filed', password: next }, 200);
      await untilIs(login, 401);
      await done(['robot', 'revoke', 'filed']);
      await untilIs({ user: 'filed', password: next }, 401);
      await eventually(push, ({ status }) => status === 401);
      const types = ['robot.created', 'robot.rotated', 'robot.revoked'];
      for (const type of types) {
        const recorded = await eventually(
          async () => itemsOf(await site.api(`pushes?type=${type}`, site.login('erin'))),
          (items) => items.length > 0,
        );
        expect(recorded[0]).toMatchObject({
          actor: { method: 'command', evidence: 'claimed' },
          robot: { name: 'filed' },
          machine: expect.any(String),
        });
      }
    },
    MANY_COMMANDS_MS,
  );

  it('are made by a server for those whom it lets, and refused with its sentence', async () => {
    const bounds = ['--group', 'ci', '--days', '1', '--json'];
    const args = ['robot', 'create', 'served', '--repository', 'team/app', ...bounds];
    const made = JSON.parse(await done(args, 'alice'));
    expect((await site.askToken({ user: 'served', password: made.secret }, SCOPE)).status).toBe(200);
    expect(JSON.parse(await done(['robot', 'list', '--json'], 'alice')).items).toMatchObject([
      { name: 'served', createdBy: 'alice' },
    ]);
    const refused = await command(['robot', 'create', 'more', '--repository', '**', ...bounds], 'alice');
    expect(refused.status).toBe(3);
    expect(refused.stderr).toContain('No rule allows you to manage robots for all of **');
    await done(['robot', 'revoke', 'served'], 'alice');
    expect((await site.askToken({ user: 'served', password: made.secret }, SCOPE)).status).toBe(401);
  });

  it.each([
    ['without an expiry', ['--repository', 'team/**'], '--days'],
    [
      'of a user',
      ['--repository', 'team/**', '--days', '1'],
      'alice is the name of a user of the users file',
    ],
    [
      'with an unknown action',
      ['--repository', 'a', '--days', '1', '--action', 'fly'],
      'expected one of pull',
    ],
    ['for too long', ['--repository', 'a', '--days', '400'], 'at most 365 days'],
  ] as const)('are not made %s', async (_name, options, sentence) => {
    const { status, stderr } = await command(['robot', 'create', 'alice', ...options]);
    expect(status).not.toBe(0);
    expect(stderr).toContain(sentence);
  });
});

describeNeeding(['docker-registry'], 'grants by command', () => {
  it(
    'are listed, shown, approved and closed, on the files and by the server',
    async () => {
      const ask = async () => {
        const body = { repositories: ['prod/shop'], tags: ['v1'], job: 'shop', number: 7, operator: 'dora' };
        const made = json(await site.api('grants', site.login('alice'), body));
        return { id: String(made['id']), login: { user: made['user'], password: made['password'] } as Login };
      };
      const [one, other] = [await ask(), await ask()];
      expect(await done(['grant', 'list', '--pending'])).toMatch(/prod\/shop +v1 +jenkins-01 +shop 7 +dora/);
      expect(await done(['grant', 'show', one.id])).toMatch(/pending[\s\S]*to come +prod\/shop:v1/);
      const own = await command(['grant', 'approve', one.id, '--comment', 'mine'], 'alice');
      expect(own.status).toBe(3);
      await done(['grant', 'approve', one.id, '--comment', 'CHG-1'], 'carol');
      await done(['grant', 'approve', other.id, '--comment', 'CHG-2']);
      for (const { login } of [one, other])
        expect((await site.askToken(login, 'repository:prod/shop:pull,push')).status).toBe(200);
      expect(await done(['grant', 'show', one.id], 'carol')).toMatch(/approved +carol .*: CHG-1/);
      await done(['grant', 'close', other.id, '--comment', 'not needed']);
      await done(['grant', 'close', one.id], 'carol');
      for (const { login } of [one, other])
        expect((await site.askToken(login, 'repository:prod/shop:pull,push')).status).toBe(401);
      expect((await command(['grant', 'close', one.id])).stderr).toContain('has ended before');
      expect((await command(['grant', 'show', 'nothing'])).stderr).toContain('there is no grant nothing');
    },
    MANY_COMMANDS_MS,
  );
});
