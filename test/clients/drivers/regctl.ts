import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createRunner } from '../../support/clients.ts';
import { goProgram } from '../../support/go-program.ts';
import { REGCTL as PROGRAM } from '../../support/go-programs.ts';
import type { Driver } from './driver.ts';

export const REGCTL: Driver = {
  name: 'regctl',
  version: PROGRAM.version,
  tier: 'full',
  needs: ['go'],
  without: {},
  asksAtLogin: true,
  agent: /^regclient\//,
  wrongPassword: /unauthorized/,
  mounts: 'reads',
  looksFirst: true,
  // Each blob first with a mount from anywhere, then plainly.
  startsOfUpload: 4,
  async open(site, options) {
    const registry = site.warden.address;
    const settings = join(options.folder, 'regctl.json');
    mkdirSync(options.folder, { recursive: true });
    writeFileSync(settings, JSON.stringify({ hosts: { [registry]: { tls: 'disabled' } } }));
    const regctl = createRunner(await goProgram(PROGRAM), [], {
      ...options,
      env: { REGCTL_CONFIG: settings },
    });
    let pulls = 0;
    const copyIn = (folder: string, reference: string) =>
      regctl(['image', 'copy', `ocidir://${folder}:v1`, reference]);
    return {
      login: ({ user, password }) =>
        regctl(['registry', 'login', registry, '--user', user, '--pass-stdin'], { input: password }),
      logout: () => regctl(['registry', 'logout', registry]),
      push: ({ folder }, reference) => copyIn(folder, reference),
      pushAll: ({ folder }, reference) => copyIn(folder, reference),
      pushElsewhere: (_, from, to) => regctl(['image', 'copy', from, to]),
      pull: (reference) =>
        regctl(['image', 'copy', reference, `ocidir://${join(options.folder, `pulled-${pulls++}`)}:v1`]),
      delete: (reference) => regctl(['manifest', 'delete', '--force-tag-dereference', reference]),
    };
  },
};
