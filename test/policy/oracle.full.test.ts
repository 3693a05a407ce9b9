import { oracleSuite } from './oracle-suite.ts';

oracleSuite(4711, 2000, 500);
