import { BUILDAH, DOCKER, PODMAN, SKOPEO } from './clients.ts';
import { describeClient } from './core.ts';

for (const client of [SKOPEO, PODMAN, BUILDAH, DOCKER]) describeClient({ ...client, version: 3 });
