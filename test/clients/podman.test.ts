import { PODMAN } from './clients.ts';
import { describeClient } from './core.ts';

describeClient({ ...PODMAN, version: 2 });
