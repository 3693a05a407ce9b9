import { BUILDAH } from './drivers/container-tools.ts';
import { describeMatrix } from './matrix.ts';

describeMatrix(BUILDAH, 2);
