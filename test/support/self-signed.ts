/** Certificates that vouch for themselves, where a test needs no authority. */
import { must } from './process.ts';

/**
 * Writes a new P-256 key and its certificate, both PEM, by openssl.
 *
 * @param more further arguments: days, names.
 */
export async function makeSelfSigned(
  files: { readonly key: string; readonly cert: string },
  commonName: string,
  ...more: readonly string[]
): Promise<void> {
  await must('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
    ...['-subj', `/CN=${commonName}`, '-keyout', files.key, '-out', files.cert, ...more],
  ]);
}

/** For a server on 127.0.0.1, for two days. */
export function makeLoopbackCertificate(files: {
  readonly key: string;
  readonly cert: string;
}): Promise<void> {
  return makeSelfSigned(files, '127.0.0.1', '-days', '2', '-addext', 'subjectAltName=IP:127.0.0.1');
}
