/** How each client is told of a private CA, as docs/clients.md has it; docker and skopeo are in tls.test.ts. */
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { startBuildkitd } from '../support/buildkitd.ts';
import { createBuildah, createPodman, createRunner, createSkopeo } from '../support/clients.ts';
import { startContainerd } from '../support/containerd.ts';
import { startDockerd } from '../support/dockerd.ts';
import { goProgram } from '../support/go-program.ts';
import {
  BUILDCTL,
  BUILDKITD,
  CONTAINERD,
  CRANE,
  CTR,
  DOCKER_CLI,
  DOCKERD,
  ORAS,
  REGCTL,
} from '../support/go-programs.ts';
import { describeNeeding } from '../support/needs.ts';
import { type Result, requireSuccess } from '../support/process.ts';
import { makeCa, makeCertificate } from './certificates.ts';
import { newImage } from './matrix.ts';
import { ALICE, HANGS_MS, openSite, type Site, terminal } from './site.ts';

const UNTRUSTED = /certificate signed by unknown authority/;

describeNeeding(
  [
    'docker-registry',
    'root',
    'ip',
    'nsenter',
    'openssl',
    'skopeo',
    'podman',
    'buildah',
    'containerd',
    'ctr',
    'go',
  ],
  'a private CA',
  () => {
    let site: Site;
    let reference: string;
    let ca: string;

    beforeAll(async () => {
      site = await openSite({
        scheme: 'https',
        async settings(temp, lan) {
          await makeCa(temp);
          await makeCertificate(temp, 'registry', lan);
          const tls = { certificateFile: temp.at('registry.crt'), keyFile: temp.at('registry.key') };
          return { listen: { tls } };
        },
      });
      ca = site.temp.at('ca', 'ca.crt');
      reference = `${site.image('team/app')}:v1`;
      const options = { folder: site.temp.at('skopeo'), host: site.builder, timeoutMs: HANGS_MS };
      const skopeo = createSkopeo({ ...options, certificates: site.temp.at('ca') });
      requireSuccess(await skopeo.login(site.warden.address, ALICE));
      requireSuccess(await skopeo.push(newImage(site).reference, reference));
    }, 120_000);

    afterAll(async () => {
      await site?.stop();
    }, 60_000);

    let folders = 0;
    const where = () => {
      const folder = site.temp.at(`client-${folders++}`);
      mkdirSync(folder);
      return { folder, host: site.laptop, timeoutMs: HANGS_MS };
    };
    /** Without the CA it says so, with it the image is pulled. */
    async function expectTrust(pull: (trusting: boolean) => Promise<Result>): Promise<void> {
      const refused = await pull(false);
      expect(refused.status).not.toBe(0);
      expect(terminal(refused)).toMatch(UNTRUSTED);
      requireSuccess(await pull(true));
    }

    it.each([
      ['podman', createPodman],
      ['buildah', createBuildah],
    ])('is in the folder of certificates for %s', async (_, create) => {
      mkdirSync(site.temp.at(`none-${_}`));
      await expectTrust((trusting) =>
        create({ ...where(), certificates: site.temp.at(trusting ? 'ca' : `none-${_}`) }).pull(reference),
      );
    });

    it('is among those of the machine for crane', async () => {
      const program = await goProgram(CRANE);
      await expectTrust((trusting) => {
        const options = where();
        const env = trusting ? { SSL_CERT_FILE: ca } : {};
        return createRunner(program, [], { ...options, env })([
          'pull',
          reference,
          join(options.folder, 'tar'),
        ]);
      });
    }, 900_000);

    it('is named to oras by an option', async () => {
      const program = await goProgram(ORAS);
      await expectTrust((trusting) => {
        const options = where();
        const words = ['cp', '--to-oci-layout', reference, `${join(options.folder, 'layout')}:v1`];
        return createRunner(program, [], options)([...words, ...(trusting ? ['--from-ca-file', ca] : [])]);
      });
    }, 900_000);

    it('is in the settings of regctl', async () => {
      const program = await goProgram(REGCTL);
      await expectTrust(async (trusting) => {
        const options = where();
        const env = { REGCTL_CONFIG: join(options.folder, 'regctl.json') };
        const regctl = createRunner(program, [], { ...options, env });
        const set = ['registry', 'set', site.warden.address, '--skip-check'];
        if (trusting) requireSuccess(await regctl([...set, '--cacert', readFileSync(ca, 'utf8')]));
        return regctl(['image', 'copy', reference, `ocidir://${join(options.folder, 'layout')}:v1`]);
      });
    }, 900_000);

    it('is in the settings of the builder, and named to the command line, for buildkit', async () => {
      const [daemon, program] = [await goProgram(BUILDKITD), await goProgram(BUILDCTL)];
      await expectTrust(async (trusting) => {
        const options = where();
        const authorities = trusting ? { [site.warden.address]: ca } : {};
        const builder = site.keep(await startBuildkitd({ program: daemon, host: site.laptop, authorities }));
        writeFileSync(join(options.folder, 'Dockerfile'), `FROM ${reference}\n`);
        return createRunner(
          program,
          ['--addr', builder.address],
          options,
        )([
          'build',
          '--frontend=dockerfile.v0',
          `--local=context=${options.folder}`,
          `--local=dockerfile=${options.folder}`,
          `--output=type=local,dest=${join(options.folder, 'out')}`,
          // The command line fetches the tokens.
          ...(trusting ? [`--registry-auth-tlscontext=host=${site.warden.address},ca=${ca}`] : []),
        ]);
      });
    }, 900_000);

    it.each([
      ['containerd', undefined],
      ['containerd 2', { CONTAINERD, CTR }],
    ] as const)(
      'is named in hosts.toml for %s',
      async (_, built) => {
        const server = built && (await goProgram(built.CONTAINERD));
        const program = built ? await goProgram(built.CTR) : 'ctr';
        const hosts = site.temp.at(`hosts-${_.replace(' ', '-')}`);
        const folder = join(hosts, site.warden.address);
        mkdirSync(folder, { recursive: true });
        cpSync(ca, join(folder, 'ca.crt'));
        writeFileSync(
          join(folder, 'hosts.toml'),
          `server = "${site.warden.url}"\nca = "${join(folder, 'ca.crt')}"\n`,
        );
        const containerd = site.keep(
          await startContainerd({ host: site.laptop, ...(server !== undefined && { program: server }) }),
        );
        const ctr = createRunner(program, ['--address', containerd.socket, 'images', 'pull'], where());
        await expectTrust((trusting) =>
          ctr(['--snapshotter=native', ...(trusting ? [`--hosts-dir=${hosts}`] : []), reference]),
        );
      },
      900_000,
    );

    it('is among those of the machine, or in its folder, for docker 29', async () => {
      const engine = { program: await goProgram(DOCKERD), containerd: await goProgram(CONTAINERD) };
      const program = await goProgram(DOCKER_CLI);
      await expectTrust(async (trusting) => {
        const env = trusting ? { SSL_CERT_FILE: ca } : {};
        const daemon = site.keep(await startDockerd({ host: site.laptop, engine, env }));
        return createRunner(program, ['-H', `unix://${daemon.socket}`], where())(['pull', reference]);
      });
    }, 900_000);
  },
);
