import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { startBuildkitd } from '../support/buildkitd.ts';
import { type Client, createRunner } from '../support/clients.ts';
import { goProgram } from '../support/go-program.ts';
import { BUILDCTL, BUILDKITD } from '../support/go-programs.ts';
import type { Host } from '../support/hosts.ts';
import { describeNeeding, type Need } from '../support/needs.ts';
import { requireSuccess } from '../support/process.ts';
import { acceptedInto } from './content.ts';
import { dockerConfig } from './drivers/driver.ts';
import { ALICE, AUDREY, basic, HANGS_MS, MESSAGE, openSite, type Site, terminal } from './site.ts';

const REGISTRIES = [
  [2, 'docker-registry'],
  [3, 'distribution3'],
] as const satisfies readonly (readonly [2 | 3, Need])[];

for (const [version, registry] of REGISTRIES) {
  describeNeeding(
    [registry, 'root', 'ip', 'nsenter', 'go'],
    `a builder apart from its command line, with a registry of version ${version}`,
    () => {
      let site: Site;
      /** The command line on one host, with the builder on the other. */
      let builtOnBuilder: Client['run'];
      let builtOnLaptop: Client['run'];

      beforeAll(async () => {
        const daemon = await goProgram(BUILDKITD);
        const program = await goProgram(BUILDCTL);
        site = await openSite({
          version,
          settings: () => ({ allowCredentialsOverHttp: true, attestations: { keyFile: 'keys/attest.pem' } }),
        });
        mkdirSync(site.temp.at('context'));
        writeFileSync(site.temp.at('context', 'file'), 'content');
        writeFileSync(site.temp.at('context', 'Dockerfile'), 'FROM scratch\nCOPY file /\n');
        const make = async (command: Host, builder: Host): Promise<Client['run']> => {
          const insecureRegistries = [site.warden.address];
          const { address } = site.keep(
            await startBuildkitd({ program: daemon, host: builder, insecureRegistries }),
          );
          const folder = site.temp.at(`command-${command.name}`);
          const run = createRunner(program, ['--addr', address], {
            folder,
            host: command,
            timeoutMs: HANGS_MS,
          });
          writeFileSync(join(folder, 'config', 'config.json'), dockerConfig(site.warden.address, ALICE));
          return run;
        };
        builtOnBuilder = await make(site.laptop, site.builder);
        builtOnLaptop = await make(site.builder, site.laptop);
      }, 1_200_000);

      afterAll(async () => {
        await site?.stop();
      }, 60_000);

      const build = (run: Client['run'], repository: string, ...more: readonly string[]) =>
        run([
          'build',
          '--frontend=dockerfile.v0',
          `--local=context=${site.temp.at('context')}`,
          `--local=dockerfile=${site.temp.at('context')}`,
          `--output=type=image,name=${site.image(repository)}:v1,push=true`,
          ...more,
        ]);

      async function attachedTo(repository: string, digest: string): Promise<readonly unknown[]> {
        const asked = new URLSearchParams({ repository, digest });
        const answer = await fetch(`${site.warden.url}/api/v1/attestations/attached?${asked}`, {
          headers: { authorization: basic(AUDREY) },
        });
        return ((await answer.json()) as { items: readonly unknown[] }).items;
      }

      it('pushes from where it builds; the record has both addresses', async () => {
        requireSuccess(await build(builtOnBuilder, 'team/app'));
        expect(await acceptedInto(site, 'team/app')).toMatchObject([
          {
            actor: { sub: 'alice' },
            peer: { ip: site.builder.address, host: 'builder-01' },
            token: { ip: site.laptop.address },
          },
        ]);
      });

      it('is refused where it may not push, though its command line stands where one may', async () => {
        const result = await build(builtOnLaptop, 'team/refused');
        expect(result.status).not.toBe(0);
        expect(terminal(result)).toContain(MESSAGE);
        expect(terminal(result)).toContain(`seen: alice from ${site.laptop.address}`);
        expect(await acceptedInto(site, 'team/refused')).toEqual([]);
      });

      it('pushes provenance beside the image, and its cache into a repository', async () => {
        const cache = `type=registry,ref=${site.image('team/cache')}:main,mode=max`;
        const more = ['--opt=attest:provenance=mode=max', `--export-cache=${cache}`];
        requireSuccess(await build(builtOnBuilder, 'team/proven', ...more));
        // The list of what speaks of the image is kept under a tag, by Warden: it is no part of the build.
        const records = (await acceptedInto(site, 'team/proven')).filter(
          ({ tag }) => !tag?.name.startsWith('sha256-'),
        );
        const index = records.find(({ tag }) => tag?.name === 'v1');
        expect(index?.subject.children?.map(({ platform }) => platform)).toEqual([
          'linux/amd64',
          'unknown/unknown',
        ]);
        expect(records.map(({ subject }) => subject.digest).toSorted()).toEqual(
          [index?.subject.digest, ...(index?.subject.children ?? []).map(({ digest }) => digest)].toSorted(),
        );
        expect(new Set(records.map(({ push }) => push)).size).toBe(1);
        const [platform, provenance] = index?.subject.children ?? [];
        expect(await attachedTo('team/proven', String(platform?.digest))).toMatchObject([
          {
            ...{ place: 'referrer', form: 'in-toto', digest: provenance?.digest, signature: 'none' },
            predicateType: expect.stringMatching(/^https:\/\/slsa\.dev\/provenance\//),
          },
        ]);
        expect((await acceptedInto(site, 'team/cache')).at(-1)).toMatchObject({ tag: { name: 'main' } });

        // What was exported is taken by a builder that has nothing of its own.
        requireSuccess(await builtOnLaptop(['prune', '--all']));
        const target = `--output=type=local,dest=${site.temp.at('out')}`;
        const again = await builtOnLaptop([
          'build',
          '--frontend=dockerfile.v0',
          `--local=context=${site.temp.at('context')}`,
          `--local=dockerfile=${site.temp.at('context')}`,
          `--import-cache=type=registry,ref=${site.image('team/cache')}:main`,
          target,
        ]);
        expect(terminal(requireSuccess(again))).toMatch(/COPY file \/\n#\d+ (?:CACHED|sha256:)/);
      });
    },
  );
}
