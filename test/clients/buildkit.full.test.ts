import { BUILDKIT } from './drivers/buildkit.ts';
import { describeMatrix } from './matrix.ts';

describeMatrix(BUILDKIT, 2);
describeMatrix(BUILDKIT, 3);
