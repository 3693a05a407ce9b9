import { compareWithModel } from './docker-auth-suite.ts';

compareWithModel(5000);
