import { createSkopeo } from '../../support/clients.ts';
import type { Driver } from './driver.ts';

export const SKOPEO: Driver = {
  name: 'skopeo',
  version: '1.9 (Debian)',
  tier: 'default',
  needs: [],
  without: {},
  asksAtLogin: true,
  agent: /^skopeo\//,
  wrongPassword: /user name or password refused|invalid username\/password/,
  mounts: 'remembers',
  open(site, options) {
    const skopeo = createSkopeo(options);
    const registry = site.warden.address;
    return {
      login: (credentials) => skopeo.login(registry, credentials),
      logout: () => skopeo.logout(registry),
      push: (source, reference) => skopeo.push(source.reference, reference),
      pushElsewhere: (source, _, to) => skopeo.push(source.reference, to),
      pushAll: (source, reference) => skopeo.copy(source.reference, `docker://${reference}`, { all: true }),
      pull: (reference) => skopeo.pull(reference),
      delete: (reference) => skopeo.run(['delete', '--tls-verify=false', `docker://${reference}`]),
    };
  },
};
