/** Builds the page where Warden looks for it; each suite that shows it does so first. */
import { join } from 'node:path';
import { must } from '../support/process.ts';

const ROOT = join(import.meta.dirname, '..', '..');

export async function buildPage(): Promise<void> {
  await must(process.execPath, [join(ROOT, 'script', 'build-page.ts')]);
}
