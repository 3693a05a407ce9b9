import { randomBytes } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder of one test, removed with all that is in it. */
export interface Temp {
  readonly path: string;
  /** The path of something inside; nothing is created. */
  at(...parts: readonly string[]): string;
  stop(): Promise<void>;
}

/** Makes an empty folder of its own. `label` shows in its name, for whoever finds one left over. */
export function makeTemp(label = 'test'): Temp {
  // Lower case only (mkdtemp has both): podman makes an image name of a layout's path.
  const path = join(tmpdir(), `warden-${label}-${randomBytes(6).toString('hex')}`);
  mkdirSync(path, { mode: 0o700 });
  return {
    path,
    at: (...parts) => join(path, ...parts),
    async stop() {
      // Retries: a child that was just ended may still be writing into it.
      rmSync(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    },
  };
}
