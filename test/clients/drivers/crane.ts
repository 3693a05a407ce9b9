import { join } from 'node:path';
import { createRunner } from '../../support/clients.ts';
import { goProgram } from '../../support/go-program.ts';
import { CRANE as PROGRAM } from '../../support/go-programs.ts';
import type { Driver } from './driver.ts';

export const CRANE: Driver = {
  name: 'crane',
  version: PROGRAM.version,
  tier: 'full',
  needs: ['go'],
  without: {},
  asksAtLogin: false,
  agent: /^crane/,
  wrongPassword: /user name or password refused/,
  mounts: 'reads',
  looksFirst: true,
  async open(site, options) {
    const crane = createRunner(await goProgram(PROGRAM), ['--insecure'], options);
    const registry = site.warden.address;
    let pulls = 0;
    return {
      // Its login asks nobody: a wrong password shows at the first use.
      login: ({ user, password }) =>
        crane(['auth', 'login', registry, '-u', user, '--password-stdin'], { input: password }),
      logout: () => crane(['auth', 'logout', registry]),
      push: ({ folder }, reference) => crane(['push', folder, reference]),
      pushElsewhere: (_, from, to) => crane(['copy', from, to]),
      pushAll: ({ folder }, reference) => crane(['push', folder, reference]),
      pull: (reference) => crane(['pull', reference, join(options.folder, `pulled-${pulls++}.tar`)]),
      // Told a tag it deletes the tag, which docker-registry 2.8 refuses; its manual does it so.
      async delete(reference) {
        const full = await crane(['digest', '--full-ref', reference]);
        return full.status === 0 ? crane(['delete', full.stdout.trim()]) : full;
      },
    };
  },
};
