import { join } from 'node:path';
import { createRunner } from '../../support/clients.ts';
import { goProgram } from '../../support/go-program.ts';
import { ORAS as PROGRAM } from '../../support/go-programs.ts';
import type { Driver } from './driver.ts';

export const ORAS: Driver = {
  name: 'oras',
  version: PROGRAM.version,
  tier: 'full',
  needs: ['go'],
  without: {},
  asksAtLogin: true,
  agent: /^oras\//,
  wrongPassword: /user name or password refused/,
  mounts: 'reads',
  async open(site, options) {
    const oras = createRunner(await goProgram(PROGRAM), [], options);
    const registry = site.warden.address;
    let pulls = 0;
    const copyIn = (folder: string, reference: string) =>
      oras(['cp', '--from-oci-layout', `${folder}:v1`, '--to-plain-http', reference]);
    return {
      login: ({ user, password }) =>
        oras(['login', '--plain-http', '--username', user, '--password-stdin', registry], {
          input: password,
        }),
      logout: () => oras(['logout', registry]),
      push: ({ folder }, reference) => copyIn(folder, reference),
      pushAll: ({ folder }, reference) => copyIn(folder, reference),
      pushElsewhere: (_, from, to) => oras(['cp', '--from-plain-http', '--to-plain-http', from, to]),
      pull: (reference) =>
        oras([
          'cp',
          '--from-plain-http',
          '--to-oci-layout',
          reference,
          `${join(options.folder, `pulled-${pulls++}`)}:v1`,
        ]),
      delete: (reference) => oras(['manifest', 'delete', '--plain-http', '--force', reference]),
    };
  },
};
