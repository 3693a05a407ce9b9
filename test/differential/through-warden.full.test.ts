import { describeThroughWarden } from './through-warden.ts';

describeThroughWarden({ version: 2, pipelined: 20_000, odd: 5_000, seed: 101 });
describeThroughWarden({ version: 3, pipelined: 20_000, odd: 5_000, seed: 202 });
