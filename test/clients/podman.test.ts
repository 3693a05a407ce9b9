import { PODMAN } from './drivers/container-tools.ts';
import { describeMatrix } from './matrix.ts';

describeMatrix(PODMAN, 2);
