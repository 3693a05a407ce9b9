/** Where the record and what instances share are kept: a folder, a database, Redis. */
import { accessSync, constants, existsSync, readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { describeErrno } from '../config/read-text.ts';
import type { Settings } from '../config/settings.ts';
import type { Problem } from '../config/yaml.ts';
import { isLocal } from '../store/postgres-address.ts';
import { type Database, readDatabase } from '../store/postgres-file.ts';
import { readSecretFile } from '../token/read-secret-file.ts';
import { at, type Part } from './part.ts';

/** Why the record could not be kept there, as far as can be told without writing. */
export function unusableFolder(
  folder: string,
): { readonly sentence: string; readonly mayPass: boolean } | undefined {
  let place = folder;
  while (!existsSync(place) && dirname(place) !== place) place = dirname(place);
  if (!statSync(place).isDirectory()) {
    return { sentence: `${place} is a file; expected a folder for the record`, mayPass: false };
  }
  try {
    accessSync(place, constants.W_OK | constants.X_OK);
  } catch (error) {
    const sentence = `${place} cannot be written: ${describeErrno(error)}; the record is kept there`;
    // A disk may be mended while pulls are served; rights are for whoever starts it.
    return { sentence, mayPass: (error as { code?: string }).code === 'EROFS' };
  }
  return undefined;
}

/** Why records cannot be forwarded into a file; it may be a disk that is put in later. */
export function missingFolder(file: string): string | undefined {
  const folder = dirname(file);
  return existsSync(folder) ? undefined : `its folder ${folder} does not exist; records wait until it does`;
}

export function loadDatabase(store: NonNullable<Settings['store']>): Part<{ readonly database: Database }> {
  const read = readDatabase(store.postgresUrlFile, store.caFile);
  if (!read.ok) return { ok: false, problems: [at(read.file, read.reason)] };
  const { address } = read.database;
  const plain = !address.tls && !isLocal(address.host);
  const sentence = 'sslmode is disable: the password and the records cross the network readable';
  return {
    ok: true,
    warnings: [
      ...openToOthers(store.postgresUrlFile),
      ...(plain ? [at(store.postgresUrlFile, sentence)] : []),
    ],
    database: read.database,
  };
}

export function loadRedisUrl(file: string): Part<{ readonly url: string }> {
  let url: string;
  try {
    url = readFileSync(file, 'utf8').trim();
  } catch (error) {
    return { ok: false, problems: [at(file, `cannot be read: ${describeErrno(error)}`)] };
  }
  // The address may hold a password, so it is not repeated.
  if (!/^rediss?:\/\/\S+$/.test(url)) {
    return {
      ok: false,
      problems: [at(file, 'expected one line: redis://[user:password@]host:port[/database]')],
    };
  }
  return { ok: true, warnings: url.includes('@') ? openToOthers(file) : [], url };
}

/** Of a file that has been read just now. */
function openToOthers(file: string): readonly Problem[] {
  const read = readSecretFile(file, 'secret');
  return read.ok ? read.warnings : [];
}
