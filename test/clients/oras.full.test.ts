import { ORAS } from './drivers/oras.ts';
import { describeMatrix } from './matrix.ts';

describeMatrix(ORAS, 2);
describeMatrix(ORAS, 3);
