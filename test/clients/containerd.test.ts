import { CONTAINERD_1 } from './drivers/containerd.ts';
import { describeMatrix } from './matrix.ts';

describeMatrix(CONTAINERD_1, 2);
