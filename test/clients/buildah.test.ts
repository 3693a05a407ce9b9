import { BUILDAH } from './clients.ts';
import { describeClient } from './core.ts';

describeClient({ ...BUILDAH, version: 2 });
