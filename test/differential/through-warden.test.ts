import { describeThroughWarden } from './through-warden.ts';

describeThroughWarden({ version: 2, pipelined: 2_000, odd: 600, seed: 11 });
