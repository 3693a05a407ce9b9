import { describeRequests } from './requests.ts';

describeRequests({ version: 2, cases: 8_000, seed: 20_260_301 });
