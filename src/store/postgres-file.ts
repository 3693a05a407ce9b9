/** Reads where the database is from the files that the settings name. */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type PostgresAddress, parsePostgresAddress } from './postgres-address.ts';

export interface Database {
  readonly address: PostgresAddress;
  /** PEM. */
  readonly ca: string | undefined;
}

export type ReadDatabase =
  | { readonly ok: true; readonly database: Database }
  /** `file` is the one that is wrong. The reason repeats nothing of it. */
  | { readonly ok: false; readonly file: string; readonly reason: string };

export function readDatabase(urlFile: string, caFile: string | undefined): ReadDatabase {
  let file = urlFile;
  try {
    const parsed = parsePostgresAddress(readFileSync(file, 'utf8').trim());
    if (!parsed.ok) return { ok: false, file, reason: parsed.reason };
    if (caFile === undefined) return { ok: true, database: { address: parsed.address, ca: undefined } };
    file = caFile;
    const ca = readFileSync(file, 'utf8');
    if (!isCertificate(ca)) return { ok: false, file, reason: 'expected a certificate in PEM' };
    return { ok: true, database: { address: parsed.address, ca } };
  } catch (error) {
    return { ok: false, file, reason: `cannot be read: ${(error as { code?: string }).code}` };
  }
}

function isCertificate(text: string): boolean {
  try {
    new X509Certificate(text);
    return true;
  } catch {
    return false;
  }
}
