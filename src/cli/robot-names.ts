/** Whether a name is a robot's already, by the files. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Settings } from '../config/settings.ts';
import { ROBOT_KIND } from '../identity/robots/robots.ts';
import { DOCUMENTS_FILE, openSqliteDocuments } from '../store/sqlite-documents.ts';

/** @throws {StoreError} when the file of the robots cannot be read. */
export async function isRobotName({ data }: Pick<Settings, 'data'>, name: string): Promise<boolean> {
  const file = join(data, DOCUMENTS_FILE);
  if (!existsSync(file)) return false;
  const store = await openSqliteDocuments({ file });
  try {
    return (await store.of(ROBOT_KIND).get(name)) !== undefined;
  } finally {
    await store.close();
  }
}
