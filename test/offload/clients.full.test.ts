import { mkdirSync } from 'node:fs';
import { goProgram } from '../support/go-program.ts';
import * as PROGRAMS from '../support/go-programs.ts';
import { run } from '../support/process.ts';
import { describeClients, optionsOf, type PullingClient } from './clients.ts';
import { DEBIAN_CLIENTS } from './debian-clients.ts';

const CRANE: PullingClient = {
  name: 'crane',
  needs: ['go'],
  async create(site) {
    const program = await goProgram(PROGRAMS.CRANE);
    const { folder, timeoutMs } = optionsOf(site, 'crane');
    mkdirSync(folder);
    return (reference) =>
      run(program, ['pull', '--insecure', reference, `${folder}/image.tar`], {
        env: { DOCKER_CONFIG: folder, HOME: folder },
        timeoutMs,
      });
  },
};

const ORAS: PullingClient = {
  name: 'oras',
  needs: ['go'],
  async create(site) {
    const program = await goProgram(PROGRAMS.ORAS);
    const { folder, timeoutMs } = optionsOf(site, 'oras');
    mkdirSync(folder);
    let copies = 0;
    return (reference) =>
      run(program, ['copy', '--from-insecure', '--to-oci-layout', reference, `${folder}/${copies++}:v1`], {
        env: { DOCKER_CONFIG: folder, HOME: folder },
        timeoutMs,
      });
  },
};

for (const mode of ['accel', 'redirect'] as const) {
  describeClients(mode, 2, [CRANE, ORAS]);
  describeClients(mode, 3, [...DEBIAN_CLIENTS, CRANE, ORAS]);
}
