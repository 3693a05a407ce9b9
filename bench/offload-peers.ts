/** Warden with `offload`, behind the nginx of contrib/nginx: what is measured of it is both processes. */

import { startNginx } from '../test/support/nginx.ts';
import { freePort } from '../test/support/ports.ts';
import { type RunningWarden, startWarden, type WardenOptions } from '../test/support/warden.ts';
import type { Peer } from './peers.ts';

export interface OffloadPlace {
  readonly options: Omit<WardenOptions, 'settings'>;
  readonly storage: string;
  /** For files of the peers. */
  readonly at: (name: string) => string;
  readonly pemFile: string;
}

export const OFFLOAD_MODES = ['accel', 'redirect'] as const;

/** @param headersOf gives what a request needs to be let through by this Warden. */
export async function startOffloadPeer(
  mode: (typeof OFFLOAD_MODES)[number],
  { options, storage, at, pemFile }: OffloadPlace,
  headersOf: (warden: RunningWarden) => Peer['headers'],
): Promise<Peer> {
  const offloadKeyFile = at('offload.conf');
  const warden = await startWarden({
    ...options,
    settings: {
      trustedProxies: ['127.0.0.1'],
      offload: {
        mode,
        ...(mode === 'redirect' && { redirect: { keyFile: offloadKeyFile } }),
      },
    },
  });
  const tlsPort = await freePort();
  try {
    const nginx = await startNginx({
      file: `${mode}.conf`,
      warden: warden.address,
      storage,
      offloadKeyFile,
      oneProcess: true,
      change: (text) =>
        text.replace(
          /listen (\S+);/,
          `listen $1; listen 127.0.0.1:${tlsPort} ssl; ssl_certificate ${pemFile}; ssl_certificate_key ${pemFile};`,
        ),
    });
    return {
      name: `warden ${mode}`,
      port: nginx.port,
      tlsPort,
      pid: nginx.pid,
      tlsPid: nginx.pid,
      behind: warden.pid(),
      registryPort: warden.registry.port,
      headers: headersOf(warden),
      async stop() {
        await nginx.stop();
        await warden.stop();
      },
    };
  } catch (error) {
    await warden.stop();
    throw error;
  }
}
