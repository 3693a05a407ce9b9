/** Looks whether a backup is whole, and what it holds is sound, without changing anything. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LOG_FILE } from '../provenance/log-thread.ts';
import { requireSound } from './copy-database.ts';
import { describeFile, filesBelow } from './files.ts';
import { logFacts } from './log-facts.ts';
import { type Manifest, parseManifest } from './manifest.ts';
import { DATA, MANIFEST_FILE } from './parts.ts';

/** @throws {Error} with one sentence that names the first file which is not as it was made. */
export async function verifyBackup(folder: string): Promise<Manifest> {
  const manifestFile = join(folder, MANIFEST_FILE);
  if (!existsSync(manifestFile)) {
    throw new Error(`${folder} is no whole backup: it has no ${MANIFEST_FILE}, which is written last`);
  }
  const manifest = parseManifest(readFileSync(manifestFile, 'utf8'));
  if (manifest === undefined) {
    throw new Error(`${manifestFile} is not what this release of Warden writes for a backup`);
  }
  const there = filesBelow(folder).filter((name) => name !== MANIFEST_FILE);
  for (const listed of manifest.files) {
    if (!there.includes(listed.name)) throw new Error(`${join(folder, listed.name)} is missing`);
    const found = await describeFile(folder, listed.name);
    if (found.bytes !== listed.bytes || found.sha256 !== listed.sha256) {
      throw new Error(`${join(folder, listed.name)} is not as it was when the backup was made`);
    }
  }
  const listed = new Set(manifest.files.map(({ name }) => name));
  const strange = there.find((name) => !listed.has(name));
  if (strange !== undefined) throw new Error(`${join(folder, strange)} is not of this backup`);
  for (const name of listed) if (name.endsWith('.db')) requireSound(join(folder, name));
  if (manifest.log !== undefined) {
    const { size, root } = logFacts(join(folder, DATA, LOG_FILE));
    if (size !== manifest.log.size || root !== manifest.log.root) {
      throw new Error(`${join(folder, DATA, LOG_FILE)} is another log than ${MANIFEST_FILE} says`);
    }
  }
  return manifest;
}
