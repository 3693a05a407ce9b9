import { describeRequests } from './request-suite.ts';

describeRequests({ version: 2, cases: 4_000, seed: 20_260_301 });
