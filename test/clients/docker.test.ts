import { DOCKER } from './drivers/docker.ts';
import { describeMatrix } from './matrix.ts';

describeMatrix(DOCKER, 2);
