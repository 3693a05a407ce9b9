import { DOCKER } from './clients.ts';
import { describeClient } from './core.ts';

describeClient({ ...DOCKER, version: 2 });
