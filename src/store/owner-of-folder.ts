/** Whose a new file is where root writes for a service: that of the folder, or the service could not read it. */
import { statSync } from 'node:fs';

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** Undefined where the file is its writer's: nobody but root can give one away, and in root's own folder none need be. */
export function ownerForRoot(folder: string): Owner | undefined {
  if (process.geteuid?.() !== 0) return undefined;
  const { uid, gid } = statSync(folder);
  return uid === 0 ? undefined : { uid, gid };
}
