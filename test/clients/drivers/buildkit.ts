import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startBuildkitd } from '../../support/buildkitd.ts';
import { createRunner } from '../../support/clients.ts';
import { goProgram } from '../../support/go-program.ts';
import { BUILDCTL, BUILDKITD } from '../../support/go-programs.ts';
import { DONE, type Driver, dockerConfig } from './driver.ts';

export const BUILDKIT: Driver = {
  name: 'buildkit',
  version: `${BUILDKITD.version} with \`buildctl\``,
  tier: 'full',
  needs: ['go'],
  without: {
    login: '`buildctl` has no such command: it reads what `docker login` stored',
    delete: 'there is no command that deletes in a registry',
  },
  asksAtLogin: false,
  agent: /^buildkit\//,
  wrongPassword: /user name or password refused/,
  mounts: 'reads',
  looksFirst: true,
  async open(site, options) {
    const registry = site.warden.address;
    const program = await goProgram(BUILDKITD);
    const builder = site.keep(
      await startBuildkitd({ program, host: options.host, insecureRegistries: [registry] }),
    );
    const buildctl = createRunner(await goProgram(BUILDCTL), ['--addr', builder.address], options);
    const config = join(options.folder, 'config', 'config.json');
    let builds = 0;
    /** Builds with what lies in `folder` as the context. */
    function build(dockerfile: string, folder: string, output: string, platforms: readonly string[] = []) {
      const files = join(options.folder, `dockerfile-${builds++}`);
      mkdirSync(files, { recursive: true });
      writeFileSync(join(files, 'Dockerfile'), dockerfile);
      return buildctl([
        'build',
        '--frontend=dockerfile.v0',
        `--local=context=${folder}`,
        `--local=dockerfile=${files}`,
        ...(platforms.length > 0 ? [`--opt=platform=${platforms.join(',')}`] : []),
        `--output=${output}`,
      ]);
    }
    const image = (reference: string) => `type=image,name=${reference},push=true`;
    // Its layers are as individual as the layout.
    const COPY = 'FROM scratch\nCOPY index.json /\n';
    return {
      async login(credentials) {
        writeFileSync(config, dockerConfig(registry, credentials));
        return DONE;
      },
      async logout() {
        writeFileSync(config, '{}');
      },
      push: ({ folder }, reference) => build(COPY, folder, image(reference)),
      pushAll: ({ folder }, reference) =>
        build(COPY, folder, image(reference), ['linux/amd64', 'linux/arm64']),
      pushElsewhere: ({ folder }, from, to) => build(`FROM ${from}\nLABEL of=another\n`, folder, image(to)),
      async pull(reference) {
        await buildctl(['prune', '--all']);
        const target = join(options.folder, 'pulled');
        rmSync(target, { recursive: true, force: true });
        return build(`FROM ${reference}\n`, options.folder, `type=local,dest=${target}`);
      },
    };
  },
};
