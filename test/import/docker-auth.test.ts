import { compareWithModel } from './docker-auth-suite.ts';

compareWithModel(150);
