import { describeThroughWarden } from './through-warden-suite.ts';

describeThroughWarden({ version: 2, pipelined: 1_200, odd: 300, seed: 11 });
