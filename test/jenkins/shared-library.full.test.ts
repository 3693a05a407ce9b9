/** contrib/jenkins as a shared library: its step, run by Debian's groovy with stand-ins for the steps of a pipeline. */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type Dockerd, startDockerd } from '../support/dockerd.ts';
import { describeNeeding } from '../support/needs.ts';
import { must, run } from '../support/process.ts';
import { type Job, LIBRARY, startJob } from './site.ts';

const PIPELINE = new URL('./pipeline.groovy', import.meta.url).pathname;
const NEEDS = ['docker-registry', 'groovy', 'java', 'curl'] as const;

let job: Job;
beforeAll(async () => {
  job = await startJob();
}, 60_000);
afterAll(() => job?.stop());

/** Runs a Jenkinsfile that is this call of the step. */
async function build(options: string, body: string, env: Readonly<Record<string, string>> = {}) {
  const workspace = job.temp.at('workspace');
  mkdirSync(workspace, { recursive: true });
  const file = job.temp.at('Jenkinsfile');
  const { url } = job.site.front.warden;
  const given = `url: '${url}', credentialsId: 'registry-builder', ${options}`;
  writeFileSync(file, `wardenPush(${given}) {\n${body}\n}\n`);
  const ended = await run('groovy', [PIPELINE, LIBRARY, file], {
    env: {
      WORKSPACE: workspace,
      STANDING_USER: 'alice',
      STANDING_PASSWORD: job.site.front.passwords.alice,
      JOB_NAME: "team/app's job",
      BUILD_NUMBER: '42',
      BUILD_URL: 'https://jenkins.corp/job/app/42/',
      BUILD_USER_ID: 'dora',
      GIT_COMMIT: '714a629c0b401fdce83e847fc9589983fc6f46bc',
      ...env,
    },
  });
  const left = existsSync(`${workspace}@tmp`) ? readdirSync(`${workspace}@tmp`) : [];
  return { ...ended, left };
}

const newest = async () => (await job.grants())[0] ?? {};

describeNeeding([...NEEDS, 'skopeo'], 'the step wardenPush', () => {
  it('pushes with skopeo, leaves nothing, and shows no password', async () => {
    const target = `docker://${job.site.front.warden.address}/team/app:1.0`;
    const body = `  sh "skopeo copy --dest-tls-verify=false ${job.image} ${target}"\n  sh 'env'`;
    const { status, stdout, stderr, left } = await build(`repositories: ['team/app'], tags: ['1.0']`, body);
    expect({ status, left }).toEqual({ status: 0, left: [] });
    expect(stdout).toContain('Finished: SUCCESS');
    expect(stdout + stderr).not.toMatch(/rwg_|\*\*\*\*|WARDEN_/);
    expect(await newest()).toMatchObject({
      state: 'used-up',
      job: {
        ...{ job: "team/app's job", number: 42, operator: 'dora', url: 'https://jenkins.corp/job/app/42/' },
        commit: '714a629c0b401fdce83e847fc9589983fc6f46bc',
      },
    });
  });

  it('gives the grant back when the body fails', async () => {
    const { status, stdout, left } = await build(
      `repositories: ['team/app'], tags: ['2.0']`,
      "  sh 'exit 5'",
    );
    expect({ status, left }).toEqual({ status: 1, left: [] });
    expect(stdout).toContain('script returned exit code 5');
    expect(await newest()).toMatchObject({ state: 'closed' });
  });

  it('fails with Warden’s sentence, and does not run its body, where there is no grant', async () => {
    const { status, stdout, left } = await build(`repositories: ['sec']`, "  println 'the body'");
    expect({ status, left }).toEqual({ status: 1, left: [] });
    expect(stdout).toContain('push-grant: no grant: No rule of this registry allows this');
    expect(stdout).not.toContain('the body');
  });

  it.each([
    [`tags: ['1']`, 'wardenPush: repositories is missing'],
    [`repositories: ['team/app'], tag: '1'`, 'wardenPush: tag is not known'],
  ] as const)('says what is wrong with %s', async (options, sentence) => {
    const { status, stdout } = await build(options, "  println 'the body'");
    expect(status).toBe(1);
    expect(stdout).toContain(sentence);
  });
});

describeNeeding([...NEEDS, 'dockerd', 'docker', 'root'], 'the step wardenPush with docker', () => {
  let engine: Dockerd;
  beforeAll(async () => {
    engine = await startDockerd();
  }, 60_000);
  afterAll(() => engine?.stop());

  it('is logged in for docker push', async () => {
    const env = { DOCKER_HOST: `unix://${engine.socket}`, DOCKER_CONFIG: job.temp.at('docker') };
    writeFileSync(job.temp.at('x.txt'), 'content');
    const name = `${job.site.front.warden.address}/team/app:3.0`;
    const tar = job.temp.at('root.tar');
    await must('tar', ['-cf', tar, '-C', job.temp.path, 'x.txt']);
    await must('docker', ['import', tar, name], { env });
    const body = `  sh 'DOCKER_HOST=unix://${engine.socket} docker push ${name}'`;
    const { status, stdout } = await build(`repositories: ['team/app'], tags: ['3.0']`, body);
    expect({ status, stdout: status === 0 ? '' : stdout }).toEqual({ status: 0, stdout: '' });
    expect(await newest()).toMatchObject({ state: 'used-up' });
  });
});
