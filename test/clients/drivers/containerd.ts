import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Credentials, createRunner } from '../../support/clients.ts';
import { startContainerd } from '../../support/containerd.ts';
import { goProgram } from '../../support/go-program.ts';
import { CONTAINERD, CTR } from '../../support/go-programs.ts';
import { must } from '../../support/process.ts';
import type { Site } from '../site.ts';
import { DONE, type Driver, type Hands, type OpenOptions } from './driver.ts';

const WITHOUT = {
  login: '`ctr` stores no login: it takes user and password with each command',
  delete: 'there is no command that deletes in a registry',
};

export const CONTAINERD_1: Driver = {
  name: 'containerd',
  version: '1.6 with `ctr` (Debian)',
  tier: 'default',
  needs: ['containerd', 'ctr'],
  without: WITHOUT,
  asksAtLogin: false,
  agent: /^containerd\//,
  wrongPassword: /user name or password refused|401 Unauthorized|unauthorized/,
  mounts: 'remembers',
  looksFirst: true,
  statusOnly: true,
  open: (site, options) => open(site, options, 'containerd', 'ctr'),
};

const { statusOnly: _, ...COMMON } = CONTAINERD_1;

export const CONTAINERD_2: Driver = {
  ...COMMON,
  name: 'containerd 2',
  version: `${CONTAINERD.version} with \`ctr\``,
  tier: 'full',
  needs: ['go'],
  open: async (site, options) => open(site, options, await goProgram(CONTAINERD), await goProgram(CTR)),
};

/** `ctr` as it is, with containerd on its host. */
async function open(site: Site, options: OpenOptions, server: string, program: string): Promise<Hands> {
  const containerd = site.keep(await startContainerd({ host: options.host, program: server }));
  const ctr = createRunner(program, ['--address', containerd.socket, 'images'], options);
  mkdirSync(join(options.folder, 'tmp'), { recursive: true });
  let who: Credentials | undefined;
  let pushedAs: Credentials | undefined;
  let loads = 0;
  const login = (as = who) => (as ? ['--user', `${as.user}:${as.password}`] : []);
  const send = (reference: string) => ctr(['push', '--plain-http', ...login(), reference]);
  const fetch = (reference: string, as?: Credentials) =>
    ctr(['pull', '--plain-http', '--snapshotter', 'native', ...login(as), reference]);
  async function load(folder: string, reference: string) {
    const archive = join(options.folder, 'tmp', `load-${loads++}.tar`);
    await must('tar', ['-C', folder, '-cf', archive, '.']);
    const [, name = ''] = /^(.*):[^:/]*$/.exec(reference) ?? [];
    await ctr(['remove', `${name}:v1`, reference]);
    const loaded = await ctr(['import', '--all-platforms', '--no-unpack', '--base-name', name, archive]);
    if (loaded.status !== 0 || reference === `${name}:v1`) return loaded;
    return ctr(['tag', `${name}:v1`, reference]);
  }
  async function push(folder: string, reference: string) {
    const loaded = await load(folder, reference);
    return loaded.status === 0 ? send(reference) : loaded;
  }
  return {
    async login(credentials) {
      who = credentials;
      return DONE;
    },
    async logout() {
      who = undefined;
    },
    push({ folder }, reference) {
      pushedAs = who;
      return push(folder, reference);
    },
    pushAll: ({ folder }, reference) => push(folder, reference),
    async pushElsewhere(_, from, to) {
      // It remembers where layers come from when it pulls.
      const pulled = await fetch(from, pushedAs);
      if (pulled.status !== 0) return pulled;
      await ctr(['remove', to]);
      const tagged = await ctr(['tag', from, to]);
      return tagged.status === 0 ? send(to) : tagged;
    },
    async pull(reference) {
      const { stdout } = await ctr(['list', '--quiet']);
      const names = stdout.split('\n').filter((name) => name !== '');
      // Without them what they name is taken away, too.
      if (names.length > 0) await ctr(['remove', '--sync', ...names]);
      return fetch(reference);
    },
  };
}
