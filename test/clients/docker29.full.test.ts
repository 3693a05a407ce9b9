import { DOCKER_29 } from './drivers/docker.ts';
import { describeMatrix } from './matrix.ts';

describeMatrix(DOCKER_29, 2);
describeMatrix(DOCKER_29, 3);
