/** The rows of the matrix, in the order of the page. */
import { BUILDKIT } from './buildkit.ts';
import { BUILDAH, PODMAN } from './container-tools.ts';
import { CONTAINERD_1, CONTAINERD_2 } from './containerd.ts';
import { CRANE } from './crane.ts';
import { DOCKER, DOCKER_29 } from './docker.ts';
import type { Driver } from './driver.ts';
import { ORAS } from './oras.ts';
import { REGCTL } from './regctl.ts';
import { SKOPEO } from './skopeo.ts';

export const BY_NAME = {
  DOCKER,
  DOCKER_29,
  CONTAINERD_1,
  CONTAINERD_2,
  BUILDKIT,
  PODMAN,
  BUILDAH,
  SKOPEO,
  CRANE,
  ORAS,
  REGCTL,
} as const satisfies Readonly<Record<string, Driver>>;

export const DRIVERS: readonly Driver[] = Object.values(BY_NAME);
