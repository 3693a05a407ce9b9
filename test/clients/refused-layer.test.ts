import { DOCKER } from './drivers/docker.ts';
import { SKOPEO } from './drivers/skopeo.ts';
import { describeRefusedLayer } from './refused-layer.ts';

describeRefusedLayer([DOCKER, SKOPEO]);
