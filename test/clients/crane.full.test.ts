import { CRANE } from './drivers/crane.ts';
import { describeMatrix } from './matrix.ts';

describeMatrix(CRANE, 2);
describeMatrix(CRANE, 3);
