import { type Client, type ClientOptions, createBuildah, createPodman } from '../../support/clients.ts';
import type { Driver, Hands } from './driver.ts';

const NO_DELETE = 'there is no command that deletes in a registry';

export const PODMAN: Driver = {
  name: 'podman',
  version: '4.3 (Debian)',
  tier: 'default',
  needs: ['podman'],
  without: { delete: NO_DELETE },
  asksAtLogin: true,
  agent: /^containers\//,
  wrongPassword: /invalid username\/password/,
  mounts: 'remembers',
  open: (site, options) => open(createPodman, site.warden.address, options),
};

export const BUILDAH: Driver = {
  name: 'buildah',
  version: '1.28 (Debian)',
  tier: 'default',
  needs: ['buildah'],
  without: { delete: NO_DELETE },
  asksAtLogin: true,
  agent: /^Buildah\//,
  wrongPassword: /invalid username\/password/,
  mounts: 'remembers',
  open: (site, options) => open(createBuildah, site.warden.address, options),
};

/** Both have the same words. */
function open(create: (options: ClientOptions) => Client, registry: string, options: ClientOptions): Hands {
  const client = create(options);
  let lists = 0;
  return {
    login: (credentials) => client.login(registry, credentials),
    logout: () => client.logout(registry),
    push: (source, reference) => client.push(source.reference, reference),
    pushElsewhere: (source, _, to) => client.push(source.reference, to),
    async pushAll(source, reference) {
      const list = `list-${lists++}`;
      const made = await client.run(['manifest', 'create', list]);
      if (made.status !== 0) return made;
      const added = await client.run(['manifest', 'add', '--all', list, source.reference]);
      if (added.status !== 0) return added;
      return client.run(['manifest', 'push', '--all', '--tls-verify=false', list, `docker://${reference}`]);
    },
    pull: (reference) => client.pull(reference),
  };
}
