import { describeClients } from './clients.ts';
import { DEBIAN_CLIENTS } from './debian-clients.ts';

for (const mode of ['accel', 'redirect'] as const) describeClients(mode, 2, DEBIAN_CLIENTS);
