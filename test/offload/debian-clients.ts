/** Debian's clients, as they pull an image of which nginx sends the layers. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createDocker, createPodman, createSkopeo } from '../support/clients.ts';
import { type Dockerd, startDockerd } from '../support/dockerd.ts';
import { run } from '../support/process.ts';
import { optionsOf, type PullingClient } from './clients.ts';

const SKOPEO: PullingClient = {
  name: 'skopeo',
  needs: ['skopeo'],
  create: async (site) => createSkopeo(optionsOf(site, 'skopeo')).pull,
};

const PODMAN: PullingClient = {
  name: 'podman',
  needs: ['podman', 'root'],
  create: async (site) => createPodman(optionsOf(site, 'podman')).pull,
};

/** Loopback addresses are insecure registries for docker: TLS is spoken, and the certificate not verified. */
const DOCKER: PullingClient = {
  name: 'the docker engine',
  needs: ['dockerd', 'docker', 'root'],
  async create(site) {
    const { socket } = site.keep(await startDockerd());
    return createDocker({ ...optionsOf(site, 'docker'), socket }).pull;
  },
};

/** The engine brings a containerd of its own. */
const CONTAINERD: PullingClient = {
  name: 'containerd',
  needs: ['dockerd', 'ctr', 'root'],
  async create(site) {
    const engine: Dockerd = site.keep(await startDockerd());
    const socket = `${engine.folder}/exec/containerd/containerd.sock`;
    const { folder, timeoutMs } = optionsOf(site, 'ctr');
    // It would speak plain HTTP with loopback otherwise.
    const hosts = join(folder, site.address);
    mkdirSync(hosts, { recursive: true });
    writeFileSync(join(hosts, 'hosts.toml'), `[host."https://${site.address}"]\nskip_verify = true\n`);
    return (reference) =>
      run('ctr', ['--address', socket, 'content', 'fetch', '--hosts-dir', folder, reference], { timeoutMs });
  },
};

export const DEBIAN_CLIENTS: readonly PullingClient[] = [SKOPEO, PODMAN, DOCKER, CONTAINERD];
