import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Credentials } from '../support/clients.ts';
import { goProgram } from '../support/go-program.ts';
import type { Host } from '../support/hosts.ts';
import { describeNeeding } from '../support/needs.ts';
import { type Result, requireSuccess } from '../support/process.ts';
import { acceptedInto } from './content.ts';
import { ALICE, HANGS_MS, MESSAGE, openSite, type Site, terminal } from './site.ts';

describeNeeding(['docker-registry', 'root', 'ip', 'nsenter', 'go'], 'oras', () => {
  let site: Site;
  let program: string;

  beforeAll(async () => {
    program = await goProgram('oras.land/oras/cmd/oras', 'v1.3.6');
    site = await openSite();
    mkdirSync(site.temp.at('work'));
    writeFileSync(site.temp.at('work', 'note.txt'), 'seen and found good');
  }, 900_000);

  afterAll(async () => {
    await site?.stop();
  }, 60_000);

  function oras(host: Host, args: readonly string[], credentials?: Credentials): Promise<Result> {
    const login = credentials ? ['--username', credentials.user, '--password-stdin'] : [];
    return host.exec(program, [...args, '--plain-http', ...login], {
      cwd: site.temp.at('work'),
      env: { DOCKER_CONFIG: site.temp.at('config'), HOME: site.temp.path },
      timeoutMs: HANGS_MS,
      ...(credentials && { input: credentials.password }),
    });
  }

  it('pushes an artifact and attaches another to it, both on record; anyone finds and pulls them', async () => {
    const image = `${site.image('team/notes')}:1.0`;
    const type = ['--artifact-type', 'application/vnd.example.note'];
    requireSuccess(await oras(site.builder, ['push', image, ...type, 'note.txt'], ALICE));
    requireSuccess(await oras(site.builder, ['attach', image, ...type, 'note.txt'], ALICE));
    const records = await acceptedInto(site, 'team/notes');
    const pushed = records.find(({ tag }) => tag?.name === '1.0');
    const attached = records.find(({ subject }) => subject.of !== undefined);
    expect(pushed).toMatchObject({ actor: { sub: 'alice' }, peer: { host: 'builder-01' } });
    expect(attached).toMatchObject({
      subject: { of: pushed?.subject.digest, artifactType: 'application/vnd.example.note' },
      actor: { sub: 'alice' },
      peer: { host: 'builder-01' },
    });

    const found = requireSuccess(await oras(site.laptop, ['discover', '--format', 'json', image]));
    expect(found.stdout).toContain(attached?.subject.digest);
    const target = site.temp.at('pulled');
    requireSuccess(await oras(site.laptop, ['pull', image, '--output', target]));
    expect(readFileSync(`${target}/note.txt`, 'utf8')).toBe('seen and found good');
  });

  it.each([
    ['from another host', () => site.laptop, ALICE, 'alice'],
    ['without a login', () => site.builder, undefined, 'no login'],
  ])('is refused %s, with the reason', async (_, host, credentials, who) => {
    const image = `${site.image('team/refused')}:1.0`;
    const result = await oras(host(), ['push', image, 'note.txt'], credentials);
    expect(result.status).not.toBe(0);
    expect(terminal(result)).toContain(MESSAGE);
    expect(terminal(result)).toContain(`seen: ${who} from ${host().address}`);
    expect(await acceptedInto(site, 'team/refused')).toEqual([]);
  });
});
