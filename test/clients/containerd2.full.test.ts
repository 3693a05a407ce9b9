import { CONTAINERD_2 } from './drivers/containerd.ts';
import { describeMatrix } from './matrix.ts';

describeMatrix(CONTAINERD_2, 2);
describeMatrix(CONTAINERD_2, 3);
