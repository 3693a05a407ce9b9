import { REGCTL } from './drivers/regctl.ts';
import { describeMatrix } from './matrix.ts';

describeMatrix(REGCTL, 2);
describeMatrix(REGCTL, 3);
