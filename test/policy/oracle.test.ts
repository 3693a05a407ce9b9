import { oracleSuite } from './oracle-suite.ts';

oracleSuite(20_261, 100, 250);
