import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Client, createDocker, createSkopeo } from '../../support/clients.ts';
import { startDockerd } from '../../support/dockerd.ts';
import { goProgram } from '../../support/go-program.ts';
import { CONTAINERD, DOCKER_CLI, DOCKERD } from '../../support/go-programs.ts';
import { must } from '../../support/process.ts';
import type { Site } from '../site.ts';
import type { Driver, Hands } from './driver.ts';

const NO_DELETE = 'there is no command that deletes in a registry';

/** The engine stands on the host, and so do its connections; the command only talks to the engine. */
export const DOCKER: Driver = {
  name: 'docker',
  version: 'engine 20.10 (Debian)',
  tier: 'default',
  needs: ['dockerd', 'docker'],
  without: { delete: NO_DELETE },
  asksAtLogin: true,
  agent: /^docker\/.* UpstreamClient\(/,
  wrongPassword: /user name or password refused/,
  mounts: 'remembers',
  listsPushed: true,
  async open(site, options) {
    const engine = site.keep(
      await startDockerd({ host: options.host, insecureRegistries: [site.warden.address] }),
    );
    const docker = createDocker({ ...options, socket: engine.socket });
    return {
      ...hands(docker, site),
      // This engine keeps no indexes: the command makes one of images that are in the registry.
      async pushAll(source, reference) {
        const parts: string[] = [];
        const skopeo = createSkopeo({ folder: `${options.folder}/parts` });
        for (const arch of ['amd64', 'arm64']) {
          const part = `${reference}-${arch}`;
          const archive = `${options.folder}/tmp/${arch}.tar`;
          const chosen = [
            '--override-arch',
            arch,
            'copy',
            source.reference,
            `docker-archive:${archive}:${part}`,
          ];
          const saved = await skopeo.run(chosen);
          if (saved.status !== 0) return saved;
          const loaded = await docker.run(['load', '--input', archive]);
          if (loaded.status !== 0) return loaded;
          const pushed = await docker.run(['push', part]);
          if (pushed.status !== 0) return pushed;
          parts.push(part);
        }
        const made = await docker.run(['manifest', 'create', '--insecure', reference, ...parts]);
        return made.status === 0 ? docker.run(['manifest', 'push', '--insecure', reference]) : made;
      },
    };
  },
};

export const DOCKER_29: Driver = {
  name: 'docker 29',
  version: `engine of moby ${DOCKERD.version}, command ${DOCKER_CLI.version.replace('+incompatible', '')}, containerd ${CONTAINERD.version}`,
  tier: 'full',
  needs: ['go'],
  without: { delete: NO_DELETE },
  asksAtLogin: true,
  agent: /^docker\/.* UpstreamClient\(/,
  wrongPassword: /user name or password refused/,
  mounts: 'remembers',
  looksFirst: true,
  async open(site, options) {
    const program = await goProgram(DOCKERD);
    const engine = site.keep(
      await startDockerd({
        host: options.host,
        insecureRegistries: [site.warden.address],
        engine: { program, containerd: await goProgram(CONTAINERD) },
      }),
    );
    const docker = createDocker({ ...options, socket: engine.socket, program: await goProgram(DOCKER_CLI) });
    let loads = 0;
    return {
      ...hands(docker, site),
      async pushAll(source, reference) {
        const at = join(options.folder, 'tmp', `all-${loads++}`);
        cpSync(source.folder, at, { recursive: true });
        nameEntry(join(at, 'index.json'), reference);
        await must('tar', ['-C', at, '-cf', `${at}.tar`, '.']);
        const loaded = await docker.run(['load', '--input', `${at}.tar`]);
        return loaded.status === 0 ? docker.run(['push', reference]) : loaded;
      },
    };
  },
};

/** Gives the one entry of a layout the name under which containerd loads it. */
function nameEntry(file: string, reference: string): void {
  const index = JSON.parse(readFileSync(file, 'utf8')) as { manifests: { annotations: object }[] };
  for (const entry of index.manifests) entry.annotations = { 'io.containerd.image.name': reference };
  writeFileSync(file, JSON.stringify(index));
}

function hands(docker: Client, site: Site): Hands {
  const registry = site.warden.address;
  return {
    login: (credentials) => docker.login(registry, credentials),
    logout: () => docker.logout(registry),
    push: (source, reference) => docker.push(source.reference, reference),
    async pushElsewhere(_, from, to) {
      const tagged = await docker.run(['tag', from, to]);
      return tagged.status === 0 ? docker.run(['push', to]) : tagged;
    },
    async pull(reference) {
      await docker.run(['image', 'prune', '--all', '--force']);
      return docker.pull(reference);
    },
  };
}
