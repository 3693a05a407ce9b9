/** A Warden whose builder is this machine, and what a job on it needs. */
import { writeFileSync } from 'node:fs';
import { BUILDER } from '../gate/front.ts';
import { itemsOf, type Json, MACHINES_POLICY, type Machines, startMachines } from '../gate/machines.ts';
import { createLayout } from '../support/image.ts';
import { makeTemp, type Temp } from '../support/temp.ts';

export const SCRIPT = new URL('../../contrib/jenkins/resources/push-grant.sh', import.meta.url).pathname;
export const LIBRARY = new URL('../../contrib/jenkins', import.meta.url).pathname;

export interface Job {
  readonly site: Machines;
  readonly temp: Temp;
  /** A file with the password of alice, the standing credential. */
  readonly passwordFile: string;
  /** An image as skopeo names it. */
  readonly image: string;
  /** All grants of alice, the newest first. */
  grants(): Promise<readonly Json[]>;
  stop(): Promise<void>;
}

export async function startJob(): Promise<Job> {
  const site = await startMachines({ policy: MACHINES_POLICY.replaceAll(BUILDER, '127.0.0.1') });
  const temp = makeTemp('jenkins');
  const passwordFile = temp.at('password');
  writeFileSync(passwordFile, `${site.front.passwords.alice}\n`, { mode: 0o600 });
  const layout = createLayout(temp.at('image'));
  layout.image({}, '1.0');
  return {
    ...{ site, temp, passwordFile, image: layout.reference('1.0') },
    grants: async () =>
      itemsOf(await site.api('grants', site.login('alice'), undefined, { from: '127.0.0.1' })),
    async stop() {
      await site.front.stop();
      await temp.stop();
    },
  };
}
