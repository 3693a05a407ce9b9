/** The library that reads what node:crypto does not: extensions of certificates, and lists of revoked ones. Loaded where it is used. */
import type * as X509 from '@peculiar/x509';

export type X509Library = typeof X509;

export async function loadX509(): Promise<X509Library> {
  // The library needs it before its own first line.
  await import('reflect-metadata');
  return await import('@peculiar/x509');
}
