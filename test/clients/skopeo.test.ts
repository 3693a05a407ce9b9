import { SKOPEO } from './drivers/skopeo.ts';
import { describeMatrix } from './matrix.ts';

describeMatrix(SKOPEO, 2);
