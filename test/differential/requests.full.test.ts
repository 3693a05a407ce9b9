import { describeRequests } from './request-suite.ts';

describeRequests({ version: 2, cases: 110_000, seed: 1 });
describeRequests({ version: 3, cases: 50_000, seed: 2 });
