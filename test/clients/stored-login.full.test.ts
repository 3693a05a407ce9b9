import { BUILDKIT } from './drivers/buildkit.ts';
import { CRANE } from './drivers/crane.ts';
import { DOCKER_29 } from './drivers/docker.ts';
import { ORAS } from './drivers/oras.ts';
import { REGCTL } from './drivers/regctl.ts';
import { describeStoredLogin } from './stored-login.ts';

// ctr reads no stored login.
describeStoredLogin([DOCKER_29, BUILDKIT, CRANE, ORAS, REGCTL]);
