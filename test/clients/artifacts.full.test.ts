/** What speaks of an image: pushed, found and taken away by the clients that know of artifacts. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type Client, createRunner } from '../support/clients.ts';
import { goProgram } from '../support/go-program.ts';
import { ORAS, REGCTL } from '../support/go-programs.ts';
import type { Host } from '../support/hosts.ts';
import { describeNeeding, type Need } from '../support/needs.ts';
import { requireSuccess } from '../support/process.ts';
import { acceptedInto } from './content.ts';
import { ALICE, eventually, HANGS_MS, openSite, type Site } from './site.ts';

const REGISTRIES = [
  [2, 'docker-registry'],
  [3, 'distribution3'],
] as const satisfies readonly (readonly [2 | 3, Need])[];

const TYPE = 'application/vnd.example.note';

for (const [version, registry] of REGISTRIES) {
  describeNeeding(
    [registry, 'root', 'ip', 'nsenter', 'go'],
    `artifacts, with a registry of version ${version}`,
    () => {
      let site: Site;
      const oras = {} as Record<'builder' | 'laptop', Client['run']>;
      const regctl = {} as Record<'builder' | 'laptop', Client['run']>;
      let cwd: string;

      beforeAll(async () => {
        const programs = { oras: await goProgram(ORAS), regctl: await goProgram(REGCTL) };
        site = await openSite({ version, deletes: true });
        cwd = site.temp.at('work');
        mkdirSync(cwd);
        writeFileSync(join(cwd, 'note.txt'), 'seen and found good');
        const settings = site.temp.at('regctl.json');
        writeFileSync(settings, JSON.stringify({ hosts: { [site.warden.address]: { tls: 'disabled' } } }));
        const make = (program: string, host: Host, env: Record<string, string> = {}): Client['run'] =>
          createRunner(program, [], { folder: site.temp.at(host.name), host, env, timeoutMs: HANGS_MS });
        for (const name of ['builder', 'laptop'] as const) {
          oras[name] = make(programs.oras, site[name]);
          regctl[name] = make(programs.regctl, site[name], { REGCTL_CONFIG: settings });
        }
        const login = ['login', '--plain-http', '--username', ALICE.user, '--password-stdin'];
        requireSuccess(await oras.builder([...login, site.warden.address], { input: ALICE.password }));
      }, 900_000);

      afterAll(async () => {
        await site?.stop();
      }, 60_000);

      const found = async (args: readonly string[], run = oras.laptop): Promise<string> =>
        requireSuccess(await run(args)).stdout;

      it('oras pushes one and attaches another to it, both on record; anyone finds and pulls them', async () => {
        const image = `${site.image('team/notes')}:1.0`;
        const words = ['--plain-http', '--artifact-type', TYPE, 'note.txt'];
        requireSuccess(await oras.builder(['push', image, ...words], { cwd }));
        requireSuccess(await oras.builder(['attach', image, ...words], { cwd }));
        const records = await acceptedInto(site, 'team/notes');
        const pushed = records.find(({ tag }) => tag?.name === '1.0');
        const attached = records.find(({ subject }) => subject.of !== undefined);
        expect(pushed).toMatchObject({ actor: { sub: 'alice' }, peer: { host: 'builder-01' } });
        expect(attached).toMatchObject({
          subject: { of: pushed?.subject.digest, artifactType: TYPE },
          actor: { sub: 'alice' },
          peer: { host: 'builder-01' },
        });
        const digest = String(attached?.subject.digest);
        expect(await found(['discover', '--plain-http', '--format', 'json', image])).toContain(digest);
        expect(await found(['artifact', 'list', image], regctl.laptop)).toContain(digest);
        const target = site.temp.at('pulled');
        requireSuccess(await oras.laptop(['pull', '--plain-http', image, '--output', target]));
        expect(readFileSync(join(target, 'note.txt'), 'utf8')).toBe('seen and found good');
      });

      it('oras copies an image with what speaks of it into another repository', async () => {
        const from = `${site.image('team/notes')}:1.0`;
        const to = `${site.image('team/copies')}:1.0`;
        const plain = ['--from-plain-http', '--to-plain-http'];
        requireSuccess(await oras.builder(['cp', '--recursive', ...plain, from, to]));
        const records = await acceptedInto(site, 'team/copies');
        const image = records.find(({ tag }) => tag?.name === '1.0');
        const attached = records.find(({ subject }) => subject.of === image?.subject.digest);
        expect(image).toBeDefined();
        expect(await found(['discover', '--plain-http', '--format', 'json', to])).toContain(
          String(attached?.subject.digest),
        );
      });

      it('oras takes an attached one away; it is found no more', async () => {
        const repository = site.image('team/copies');
        const records = await acceptedInto(site, 'team/copies');
        const attached = String(records.find(({ subject }) => subject.of !== undefined)?.subject.digest);
        const target = `${repository}@${attached}`;
        requireSuccess(await oras.builder(['manifest', 'delete', '--plain-http', '--force', target]));
        expect(
          await found(['discover', '--plain-http', '--format', 'json', `${repository}:1.0`]),
        ).not.toContain(attached);
        const [last] = (await site.pushes({ repository: 'team/copies' })).filter(
          ({ type }) => type === 'manifest.deleted',
        );
        expect(last).toMatchObject({ subject: { digest: attached }, actor: { sub: 'alice' } });
      });

      it('regctl attaches one and finds those of both', async () => {
        const image = `${site.image('team/notes')}:1.0`;
        const words = ['--artifact-type', TYPE, '--subject', image, '--file', 'note.txt'];
        requireSuccess(await regctl.builder(['artifact', 'put', ...words], { cwd }));
        await eventually(
          () => acceptedInto(site, 'team/notes'),
          (records) => expect(records.filter(({ subject }) => subject.of !== undefined)).toHaveLength(2),
        );
        for (const { subject } of await acceptedInto(site, 'team/notes')) {
          if (subject.of === undefined) continue;
          expect(await found(['artifact', 'list', image], regctl.laptop)).toContain(subject.digest);
          expect(await found(['discover', '--plain-http', '--format', 'json', image])).toContain(
            subject.digest,
          );
        }
      });

      it('regctl pages through tags and repositories', async () => {
        for (const name of ['a', 'b', 'c']) {
          const target = `${site.image('team/pages')}:${name}`;
          requireSuccess(await oras.builder(['push', '--plain-http', target, 'note.txt'], { cwd }));
        }
        const page = async (...args: string[]): Promise<string> =>
          requireSuccess(await regctl.laptop(args)).stdout.trim();
        expect(await page('tag', 'ls', '--limit', '2', site.image('team/pages'))).toBe('a\nb');
        expect(await page('tag', 'ls', '--limit', '2', '--last', 'b', site.image('team/pages'))).toBe('c');
        const registry = site.warden.address;
        expect(await page('repo', 'ls', '--limit', '2', registry)).toBe('team/copies\nteam/notes');
        expect(await page('repo', 'ls', '--limit', '2', '--last', 'team/notes', registry)).toBe('team/pages');
      });
    },
  );
}
