import { dirname } from 'node:path';
import { createDocker, createPodman, createSkopeo } from '../support/clients.ts';
import { startDockerd } from '../support/dockerd.ts';
import { describeLogins } from './logins.ts';
import { HANGS_MS } from './site.ts';

describeLogins('skopeo', ['skopeo'], async ({ temp, builder, certificates }) =>
  createSkopeo({ folder: temp.at('skopeo'), host: builder, certificates, timeoutMs: HANGS_MS }),
);

describeLogins('podman', ['podman'], async ({ temp, builder, certificates }) =>
  createPodman({ folder: temp.at('podman'), host: builder, certificates, timeoutMs: HANGS_MS }),
);

describeLogins('docker', ['dockerd', 'docker'], async ({ temp, builder, certificates, keep }) => {
  const engine = keep(await startDockerd({ host: builder, certificates: dirname(certificates) }));
  return createDocker({
    folder: temp.at('docker'),
    host: builder,
    socket: engine.socket,
    timeoutMs: HANGS_MS,
  });
});
