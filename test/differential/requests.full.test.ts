import { describeRequests } from './requests.ts';

describeRequests({ version: 2, cases: 120_000, seed: 1 });
describeRequests({ version: 3, cases: 120_000, seed: 2 });
