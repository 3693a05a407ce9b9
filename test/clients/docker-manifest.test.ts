import { describeDockerManifest } from './docker-manifest.ts';

describeDockerManifest(2);
