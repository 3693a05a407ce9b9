import { BUILDAH, PODMAN } from './drivers/container-tools.ts';
import { SKOPEO } from './drivers/skopeo.ts';
import { describeStoredLogin } from './stored-login.ts';

describeStoredLogin([SKOPEO, PODMAN, BUILDAH]);
