import { SKOPEO } from './clients.ts';
import { describeClient } from './core.ts';

describeClient({ ...SKOPEO, version: 2 });
