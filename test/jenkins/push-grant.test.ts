/** contrib/jenkins/resources/push-grant.sh, with the shell of Debian, curl and skopeo. */
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { eventually } from '../gate/eventually.ts';
import { describeNeeding } from '../support/needs.ts';
import { run } from '../support/process.ts';
import { type Job, SCRIPT, startJob } from './site.ts';

let job: Job;
beforeAll(async () => {
  job = await startJob();
}, 60_000);
afterAll(() => job?.stop());

/** Runs the script as a job would, with a folder for temporary files of its own. */
async function script(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  return run('sh', [SCRIPT, ...args], {
    env: { WARDEN_USER: 'alice', WARDEN_PASSWORD_FILE: job.passwordFile, TMPDIR: job.temp.path, ...env },
  });
}
const about = () => ['--url', job.site.front.warden.url, '--repository', 'team/app'];
const target = (tag: string) => `docker://${job.site.front.warden.address}/team/app:${tag}`;
const copy = (tag: string) => ['skopeo', 'copy', '--dest-tls-verify=false', job.image, target(tag)];
const newest = async () => (await job.grants())[0] ?? {};
const secrets = () => job.site.front.passwords.alice;

describeNeeding(['docker-registry', 'skopeo', 'curl'], 'the script that pushes with a grant', () => {
  it('logs skopeo in for one command, and says what the job is', async () => {
    const facts = ['--job', 'team/app "main"', '--number', '17', '--commit', 'abc', '--operator', 'dora'];
    const page = ['--page', 'https://jenkins.corp/job/17/?a=b\\c'];
    const before = readdirSync(job.temp.path);
    const ended = await script(['run', ...about(), '--tag', '1.0', ...facts, ...page, '--', ...copy('1.0')]);
    expect({ status: ended.status, stderr: ended.stderr }).toEqual({ status: 0, stderr: '' });
    expect(await newest()).toMatchObject({
      state: 'used-up',
      job: {
        ...{ job: 'team/app "main"', number: 17, commit: 'abc', operator: 'dora' },
        url: 'https://jenkins.corp/job/17/?a=b\\c',
      },
    });
    expect(readdirSync(job.temp.path)).toEqual(before);
  });

  it('closes the grant when the command fails, and gives its status', async () => {
    const ended = await script(['run', ...about(), '--tag', '2.0', '--', 'sh', '-c', 'exit 7']);
    expect(ended.status).toBe(7);
    expect(await newest()).toMatchObject({ state: 'closed', ended: { why: 'closed' } });
  });

  it('shows the command the login of the grant alone', async () => {
    const look =
      'env; cat "$DOCKER_CONFIG/config.json" | base64 | tr -d "\\n"; ls -l "$DOCKER_CONFIG/config.json"';
    const { stdout } = await script(['run', ...about(), '--', 'sh', '-c', look], {
      WARDEN_PASSWORD: secrets(),
    });
    expect(stdout).not.toContain(secrets());
    expect(stdout).not.toContain('WARDEN_PASSWORD');
    expect(stdout).toMatch(/-rw------- /);
  });

  it('can be begun and ended apart', async () => {
    const folder = job.temp.at('between');
    const begun = await script(['begin', '--folder', folder, ...about(), '--tag', '3.*']);
    expect({ status: begun.status, stdout: begun.stdout, stderr: begun.stderr }).toEqual({
      ...{ status: 0, stdout: '', stderr: '' },
    });
    const authfile = ['--authfile', `${folder}/docker/config.json`];
    for (const tag of ['3.1', '3.2']) {
      const [program = '', ...args] = copy(tag);
      expect((await run(program, [...args, ...authfile])).status).toBe(0);
    }
    const ended = await script(['end', '--folder', folder], { WARDEN_USER: '', WARDEN_PASSWORD_FILE: '' });
    expect({ status: ended.status, stderr: ended.stderr }).toEqual({ status: 0, stderr: '' });
    expect(await newest()).toMatchObject({ state: 'closed' });
    expect(readdirSync(job.temp.path)).not.toContain('between');
  });

  it('waits for an approval, and gives up in time', async () => {
    const asked = ['--url', job.site.front.warden.url, '--repository', 'prod/app', '--tag', '1.0'];
    const late = await script(['run', ...asked, '--', 'true']);
    expect(late.status).toBe(3);
    expect(late.stderr).toMatch(/^push-grant: the grant g[0-9a-f]{20} is not approved$/m);
    expect(await newest()).toMatchObject({ state: 'closed' });
    const copied = copy('1.0').map((word) => word.replace('/team/', '/prod/'));
    const running = script(['run', ...asked, '--wait', '60', '--', ...copied]);
    const pending = await eventually(newest, ({ state }) => state === 'pending');
    const { api, login } = job.site;
    await api(`grants/${pending['id']}/approve`, login('carol'), { comment: 'CHG-7' }, { from: '127.0.0.1' });
    expect((await running).status).toBe(0);
    expect(await newest()).toMatchObject({ state: 'used-up', approved: { comment: 'CHG-7' } });
  });

  it('ends the command and closes the grant on a signal', async () => {
    const commands = 'kill -TERM $PPID; exec sleep 60';
    const ended = await script(['run', ...about(), '--tag', '4.0', '--', 'sh', '-c', commands]);
    expect(ended.status).toBe(143);
    expect(await newest()).toMatchObject({ state: 'closed' });
  });

  it.each([
    [
      'a refusal',
      ['--repository', 'sec'],
      {},
      3,
      'push-grant: no grant: No rule of this registry allows this',
    ],
    [
      'a wrong password',
      [],
      { WARDEN_PASSWORD_FILE: '', WARDEN_PASSWORD: 'wrong' },
      3,
      'user name or password refused',
    ],
    ['no credential', [], { WARDEN_USER: '' }, 2, 'WARDEN_USER is not set'],
    ['an address without TLS', ['--url', 'http://registry.corp'], {}, 2, '--url is not https'],
    ['a name that is only like loopback', ['--url', 'http://127.0.0.1.evil.example'], {}, 2, 'is not https'],
    ['a user in the address', ['--url', 'http://localhost:5000@evil.example'], {}, 2, '--url holds an @'],
    ['an unknown option', ['--colour', 'red'], {}, 2, 'push-grant.sh run|begin|end'],
    ['a value of two lines', ['--job', 'a\nb'], {}, 2, 'control character'],
  ] as const)('says in one sentence what is wrong: %s', async (_name, more, env, status, sentence) => {
    const ended = await script(['run', ...about(), ...more, '--', 'true'], env);
    expect(ended.stderr).toContain(sentence);
    expect(ended.status).toBe(status);
    expect(ended.stdout + ended.stderr).not.toContain(secrets());
  });

  it('writes the login into no folder that was there before', async () => {
    const folder = job.temp.at('of-another');
    mkdirSync(folder);
    const grants = (await job.grants()).length;
    const refused = await script(['begin', '--folder', folder, ...about()]);
    expect([refused.status, refused.stderr]).toEqual([2, expect.stringContaining('that is not there yet')]);
    expect([readdirSync(folder), (await job.grants()).length]).toEqual([[], grants]);
    // One that it made itself is gone where there was no grant.
    const mine = job.temp.at('mine');
    expect((await script(['begin', '--folder', mine, ...about(), '--repository', 'sec'])).status).toBe(3);
    expect(existsSync(mine)).toBe(false);
  });
});
