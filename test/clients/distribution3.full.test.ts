import { BUILDAH, DOCKER, PODMAN, SKOPEO } from './clients.ts';
import { describeContent, describeMounts } from './content.ts';
import { describeClient } from './core.ts';

for (const client of [SKOPEO, PODMAN, BUILDAH, DOCKER]) describeClient({ ...client, version: 3 });
describeContent(3);
for (const client of ['docker', 'podman'] as const) describeMounts(3, client);
