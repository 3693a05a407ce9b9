import { mkdirSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { goProgram } from '../support/go-program.ts';
import type { Host } from '../support/hosts.ts';
import type { Image, Layout } from '../support/image.ts';
import { describeNeeding } from '../support/needs.ts';
import { type Result, requireSuccess } from '../support/process.ts';
import { acceptedInto } from './content.ts';
import { ALICE, HANGS_MS, MESSAGE, openSite, type Site, terminal } from './site.ts';

describeNeeding(['docker-registry', 'root', 'ip', 'nsenter', 'go'], 'crane', () => {
  let site: Site;
  let program: string;
  let layout: Layout;
  let image: Image;

  beforeAll(async () => {
    program = await goProgram('github.com/google/go-containerregistry/cmd/crane', 'v0.22.1');
    site = await openSite();
    for (const folder of ['alice', 'nobody']) mkdirSync(site.temp.at(folder));
    layout = site.newLayout();
    image = layout.image({}, 'v1');
    const words = ['auth', 'login', site.warden.address, '-u', ALICE.user, '--password-stdin'];
    requireSuccess(await crane(site.builder, 'alice', words, ALICE.password));
  }, 900_000);

  afterAll(async () => {
    await site?.stop();
  }, 60_000);

  function crane(
    host: Host,
    who: 'alice' | 'nobody',
    args: readonly string[],
    input?: string,
  ): Promise<Result> {
    return host.exec(program, [...args, '--insecure'], {
      env: { DOCKER_CONFIG: site.temp.at(who), HOME: site.temp.path },
      timeoutMs: HANGS_MS,
      ...(input !== undefined && { input }),
    });
  }

  it('pushes, and copies to another repository, where the record says what was mounted', async () => {
    const [one, two] = ['team/one', 'team/two'].map((name) => `${site.image(name)}:v1`) as [string, string];
    requireSuccess(await crane(site.builder, 'alice', ['push', layout.path, one]));
    requireSuccess(await crane(site.builder, 'alice', ['copy', one, two]));
    const [record] = await acceptedInto(site, 'team/two');
    expect(record).toMatchObject({ subject: { digest: image.digest }, actor: { sub: 'alice' } });
    expect(record?.mounted).toEqual(
      expect.arrayContaining([{ digest: image.layers[0]?.digest, from: 'team/one' }]),
    );
  });

  it('reads without a login', async () => {
    const repository = site.image('team/one');
    const digest = await crane(site.laptop, 'nobody', ['digest', `${repository}:v1`]);
    expect(requireSuccess(digest).stdout.trim()).toBe(image.digest);
    requireSuccess(
      await crane(site.laptop, 'nobody', ['pull', `${repository}:v1`, site.temp.at('image.tar')]),
    );
    const tags = await crane(site.laptop, 'nobody', ['ls', repository]);
    expect(requireSuccess(tags).stdout.trim()).toBe('v1');
  });

  it.each([
    ['from another host', () => site.laptop, 'alice', 'alice'],
    ['without a login', () => site.builder, 'nobody', 'no login'],
  ] as const)('is refused %s, with the reason', async (_, host, config, who) => {
    const target = `${site.image('team/refused')}:v1`;
    const result = await crane(host(), config, ['push', layout.path, target]);
    expect(result.status).not.toBe(0);
    expect(terminal(result)).toContain(MESSAGE);
    expect(terminal(result)).toContain(`seen: ${who} from ${host().address}`);
    expect(await acceptedInto(site, 'team/refused')).toEqual([]);
  });
});
