import { BUILDAH, PODMAN } from './drivers/container-tools.ts';
import { CONTAINERD_2 } from './drivers/containerd.ts';
import { CRANE } from './drivers/crane.ts';
import { DOCKER_29 } from './drivers/docker.ts';
import { ORAS } from './drivers/oras.ts';
import { describeRefusedLayer } from './refused-layer.ts';

// Of a refusal at this place regctl shows the status alone, and containerd 1.6 of any; buildkit builds no such layer here.
describeRefusedLayer([DOCKER_29, CONTAINERD_2, PODMAN, BUILDAH, CRANE, ORAS]);
