import { describeManifests } from './manifest-suite.ts';

describeManifests({ version: 2, cases: 20_000, seed: 41 });
describeManifests({ version: 3, cases: 20_000, seed: 42 });
