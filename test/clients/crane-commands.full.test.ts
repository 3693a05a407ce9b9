import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type Client, createRunner } from '../support/clients.ts';
import { goProgram } from '../support/go-program.ts';
import { CRANE } from '../support/go-programs.ts';
import { describeNeeding, type Need } from '../support/needs.ts';
import { requireSuccess } from '../support/process.ts';
import { acceptedInto } from './content.ts';
import { newImage } from './matrix.ts';
import { ALICE, digestOf, HANGS_MS, openSite, type Site } from './site.ts';

const REGISTRIES = [
  [2, 'docker-registry'],
  [3, 'distribution3'],
] as const satisfies readonly (readonly [2 | 3, Need])[];

for (const [version, registry] of REGISTRIES) {
  describeNeeding(
    [registry, 'root', 'ip', 'nsenter', 'go'],
    `what else crane does, with a registry of version ${version}`,
    () => {
      let site: Site;
      let alice: Client['run'];
      let nobody: Client['run'];

      beforeAll(async () => {
        const program = await goProgram(CRANE);
        site = await openSite({ version, deletes: true });
        const fixed = ['--insecure'];
        const options = { timeoutMs: HANGS_MS };
        alice = createRunner(program, fixed, { ...options, folder: site.temp.at('a'), host: site.builder });
        nobody = createRunner(program, fixed, { ...options, folder: site.temp.at('n'), host: site.laptop });
        const login = ['auth', 'login', site.warden.address, '-u', ALICE.user, '--password-stdin'];
        requireSuccess(await alice(login, { input: ALICE.password }));
        for (const tag of ['v1', 'v2', 'v3']) {
          const { folder } = newImage(site);
          requireSuccess(await alice(['push', folder, `${site.image('team/one')}:${tag}`]));
        }
      }, 900_000);

      afterAll(async () => {
        await site?.stop();
      }, 60_000);

      const said = async (run: Client['run'], ...args: string[]): Promise<string> =>
        requireSuccess(await run(args)).stdout.trim();

      it('asks for a mount with a parameter of its own, which the registry does not see', async () => {
        await said(alice, 'copy', `${site.image('team/one')}:v1`, `${site.image('team/two')}:v1`);
        const starts =
          site.warden.registry.log().match(/"POST \/v2\/team\/two\/blobs\/uploads\/[^"]*"/g) ?? [];
        expect(starts.filter((line) => line.includes('mount='))).not.toEqual([]);
        expect(starts.filter((line) => line.includes('origin'))).toEqual([]);
        const [record] = await acceptedInto(site, 'team/two');
        expect(record?.mounted).toEqual(
          expect.arrayContaining([{ digest: expect.any(String), from: 'team/one' }]),
        );
      });

      it('gives an image another tag, on record', async () => {
        await said(alice, 'tag', `${site.image('team/one')}:v1`, 'stable');
        expect((await acceptedInto(site, 'team/one')).at(-1)).toMatchObject({
          subject: { digest: await digestOf(site, 'team/one', 'v1') },
          tag: { name: 'stable' },
        });
      });

      it('reads tags, digests and the catalogue without a login', async () => {
        expect(await said(nobody, 'ls', site.image('team/one'))).toBe('stable\nv1\nv2\nv3');
        expect(await said(nobody, 'digest', `${site.image('team/one')}:v1`)).toBe(
          await digestOf(site, 'team/one', 'v1'),
        );
        expect(await said(nobody, 'catalog', site.warden.address)).toBe('team/one\nteam/two');
      });

      it('makes an index of images that are there', async () => {
        const one = site.image('team/one');
        const words = ['-m', `${one}:v1`, '-m', `${one}:v2`, '-t', `${one}:both`];
        await said(alice, 'index', 'append', ...words);
        const record = (await acceptedInto(site, 'team/one')).find(({ tag }) => tag?.name === 'both');
        expect(record?.subject.children?.map(({ digest }) => digest)).toEqual([
          await digestOf(site, 'team/one', 'v1'),
          await digestOf(site, 'team/one', 'v2'),
        ]);
      });

      it('deletes by digest; by tag as far as the registry does', async () => {
        const repository = site.image('team/one');
        const digest = await digestOf(site, 'team/one', 'v3');
        const byTag = await alice(['delete', `${repository}:v3`]);
        if (version === 2) {
          // So it answers without Warden, too.
          expect(byTag.stderr).toContain('DIGEST_INVALID');
        } else {
          requireSuccess(byTag);
          expect((await site.pushes({ repository: 'team/one' }))[0]).toMatchObject({
            type: 'tag.deleted',
            tag: { name: 'v3', from: digest },
          });
        }
        await said(alice, 'delete', `${repository}@${digest}`);
        expect((await site.pushes({ repository: 'team/one' }))[0]).toMatchObject({
          type: 'manifest.deleted',
          subject: { digest },
          actor: { sub: 'alice' },
        });
        expect(await said(nobody, 'ls', repository)).toBe('both\nstable\nv1\nv2');
      });
    },
  );
}
