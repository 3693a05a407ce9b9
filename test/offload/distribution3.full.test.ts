import { describeBodies } from './bodies.ts';

for (const mode of ['accel', 'redirect'] as const) describeBodies(mode, 3);
