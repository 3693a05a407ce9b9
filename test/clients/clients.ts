/** The clients that the core set runs with. */
import { createBuildah, createDocker, createPodman, createSkopeo } from '../support/clients.ts';
import { startDockerd } from '../support/dockerd.ts';
import type { CoreOptions } from './core.ts';

type Entry = Omit<CoreOptions, 'version'>;

export const SKOPEO: Entry = {
  name: 'skopeo',
  needs: [],
  create: (_site, options) => createSkopeo(options),
  agent: /^skopeo\//,
  wrongPassword: /user name or password refused|invalid username\/password/,
};

export const PODMAN: Entry = {
  name: 'podman',
  needs: ['podman'],
  create: (_site, options) => createPodman(options),
  agent: /^containers\//,
  wrongPassword: /invalid username\/password/,
};

export const BUILDAH: Entry = {
  name: 'buildah',
  needs: ['buildah'],
  create: (_site, options) => createBuildah(options),
  agent: /^Buildah\//,
  wrongPassword: /invalid username\/password/,
};

/** The engine stands on the host, and so do its connections; the command only talks to the engine. */
export const DOCKER: Entry = {
  name: 'the docker engine',
  needs: ['dockerd', 'docker'],
  async create(site, options) {
    const engine = site.keep(
      await startDockerd({ host: options.host, insecureRegistries: [site.warden.address] }),
    );
    return createDocker({ ...options, socket: engine.socket });
  },
  agent: /^docker\/.* UpstreamClient\(/,
  wrongPassword: /user name or password refused/,
};
