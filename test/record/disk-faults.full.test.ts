import { FAULTS, FAULTS_OF_EXT4, itServesPullsThrough } from './disk-faults.ts';

itServesPullsThrough(FAULTS, 'tmpfs');
itServesPullsThrough(FAULTS_OF_EXT4, 'ext4');
