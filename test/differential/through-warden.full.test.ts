import { describeThroughWarden } from './through-warden-suite.ts';

describeThroughWarden({ version: 2, pipelined: 8_000, odd: 2_000, seed: 101 });
describeThroughWarden({ version: 3, pipelined: 8_000, odd: 2_000, seed: 202 });
