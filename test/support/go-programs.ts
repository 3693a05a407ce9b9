/** The clients that Debian 12 does not have, or has in an old version only. */
import type { GoProgram } from './go-program.ts';

export const CRANE: GoProgram = {
  source: 'github.com/google/go-containerregistry/cmd/crane',
  version: 'v0.22.1',
};

export const ORAS: GoProgram = { source: 'oras.land/oras/cmd/oras', version: 'v1.3.6' };

export const REGCTL: GoProgram = { source: 'github.com/regclient/regclient/cmd/regctl', version: 'v0.11.7' };

export const CONTAINERD: GoProgram = {
  source: 'github.com/containerd/containerd/v2/cmd/containerd',
  version: 'v2.4.2',
};

export const CTR: GoProgram = { ...CONTAINERD, source: 'github.com/containerd/containerd/v2/cmd/ctr' };

const BUILDKIT = {
  version: 'v0.34.2',
  versionVariable: 'github.com/moby/buildkit/version.Version',
  module: { path: 'github.com/moby/buildkit', list: 'go' },
} as const;

export const BUILDKITD: GoProgram = { ...BUILDKIT, source: 'github.com/moby/buildkit/cmd/buildkitd' };

export const BUILDCTL: GoProgram = { ...BUILDKIT, source: 'github.com/moby/buildkit/cmd/buildctl' };

/** The engine of docker 29: its module counts by itself. */
export const DOCKERD: GoProgram = {
  source: 'github.com/moby/moby/v2/cmd/dockerd',
  version: 'v2.0.0-beta.24',
  versionVariable: 'github.com/moby/moby/v2/dockerversion.Version',
};

export const DOCKER_CLI: GoProgram = {
  source: 'github.com/docker/cli/cmd/docker',
  version: 'v29.9.3+incompatible',
  versionVariable: 'github.com/docker/cli/cli/version.Version',
  module: {
    path: 'github.com/docker/cli',
    list: 'vendor',
    // The version that it lists is not served by the proxy; the engine lists this one.
    instead: { 'github.com/moby/swarmkit/v2': 'v2.1.3-0.20260828175525-ad0357aedfca' },
  },
};

/** Two verifiers of attestations that are not ours. */
export const COSIGN: GoProgram = { source: 'github.com/sigstore/cosign/v3/cmd/cosign', version: 'v3.1.2' };

export const SLSA_VERIFIER: GoProgram = {
  source: 'github.com/slsa-framework/slsa-verifier/v2/cli/slsa-verifier',
  version: 'v2.7.1',
  module: { path: 'github.com/slsa-framework/slsa-verifier/v2', list: 'go' },
};

/** Signs images; its module's list of versions is not served by the proxy, so it is built with what its go.mod lists. */
export const NOTATION: GoProgram = {
  source: 'github.com/notaryproject/notation/cmd/notation',
  version: 'v1.3.2',
  module: { path: 'github.com/notaryproject/notation', list: 'go' },
};

/** Checks logs in the layout of tlog-tiles. */
export const TESSERA_FSCK: GoProgram = {
  source: 'github.com/transparency-dev/tessera/cmd/fsck',
  version: 'v1.0.4',
};

export const ALL_GO_PROGRAMS: readonly GoProgram[] = [
  CRANE,
  ORAS,
  REGCTL,
  CONTAINERD,
  CTR,
  BUILDCTL,
  BUILDKITD,
  DOCKER_CLI,
  DOCKERD,
  COSIGN,
  NOTATION,
  SLSA_VERIFIER,
  TESSERA_FSCK,
];
