import { describeManifests } from './manifest-suite.ts';

describeManifests({ version: 2, cases: 1_500, seed: 31 });
