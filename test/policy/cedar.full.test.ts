import { cedarSuite } from './cedar-suite.ts';

cedarSuite(99, 1000, 200);
