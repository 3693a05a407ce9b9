/** Whether a name is a robot's already, by the files. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Settings } from '../config/settings.ts';
import { ROBOT_KIND } from '../identity/robots/robots.ts';
import { DOCUMENTS_FILE } from '../store/sqlite-documents.ts';
import { openDocumentsOf } from './open-documents.ts';

/** @throws {StoreError} when the file of the robots cannot be read. */
export async function isRobotName(
  settings: Pick<Settings, 'data' | 'store'>,
  name: string,
): Promise<boolean> {
  if (settings.store === undefined && !existsSync(join(settings.data, DOCUMENTS_FILE))) return false;
  const store = await openDocumentsOf(settings);
  try {
    return (await store.of(ROBOT_KIND).get(name)) !== undefined;
  } finally {
    await store.close();
  }
}
