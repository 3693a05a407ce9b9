/**
 * Lists of revoked certificates, by the authority that signed them.
 *
 * @see https://www.rfc-editor.org/rfc/rfc5280#section-5
 */
import type { X509Certificate } from 'node:crypto';
import type { X509Library } from './x509.ts';

export interface RevocationList {
  /** Milliseconds since 1970. After it nobody knows what was revoked meanwhile. */
  readonly nextUpdate: number;
  isRevoked(serialNumber: string): boolean;
}

export type ReadLists =
  /** By the fingerprint of the authority. */
  | { readonly ok: true; readonly lists: ReadonlyMap<string, RevocationList> }
  | { readonly ok: false; readonly reason: string };

const BLOCK = /-----BEGIN X509 CRL-----[^-]+-----END X509 CRL-----/g;

/** @param text PEM, one list or several. Each must be signed by one of the authorities; of two by one, the newer counts. */
export async function readRevocationLists(
  text: string,
  authorities: readonly X509Certificate[],
  x509: X509Library,
): Promise<ReadLists> {
  const refuse = (reason: string): ReadLists => ({ ok: false, reason });
  const blocks = text.match(BLOCK) ?? [];
  if (blocks.length === 0)
    return refuse('expected PEM lists of revoked certificates (BEGIN X509 CRL), found none');
  const found = new Map<string, { readonly since: number; readonly list: RevocationList }>();
  for (const [index, block] of blocks.entries()) {
    const which = `list ${index + 1} of the file`;
    let crl: InstanceType<X509Library['X509Crl']>;
    try {
      crl = new x509.X509Crl(block);
    } catch {
      return refuse(`${which} cannot be read`);
    }
    const critical = crl.extensions.find((extension) => extension.critical);
    // A list that is about a part of the certificates, or about changes to another list, says so here.
    if (critical !== undefined)
      return refuse(
        `${which} has the critical extension ${critical.type}; expected a complete list of one authority`,
      );
    const { nextUpdate } = crl;
    if (nextUpdate === undefined) return refuse(`${which} does not say when the next one comes (nextUpdate)`);
    const signer = await signerOf(crl, authorities, x509);
    if (signer === undefined) return refuse(`${which} is signed by none of the authorities of caFile`);
    const before = found.get(signer.fingerprint256);
    const since = crl.thisUpdate.getTime();
    if (before !== undefined && before.since >= since) continue;
    const revoked = new Set(crl.entries.map(({ serialNumber }) => plainSerial(serialNumber)));
    const list: RevocationList = {
      nextUpdate: nextUpdate.getTime(),
      isRevoked: (serialNumber) => revoked.has(plainSerial(serialNumber)),
    };
    found.set(signer.fingerprint256, { since, list });
  }
  return { ok: true, lists: new Map([...found].map(([key, { list }]) => [key, list])) };
}

async function signerOf(
  crl: InstanceType<X509Library['X509Crl']>,
  authorities: readonly X509Certificate[],
  x509: X509Library,
): Promise<X509Certificate | undefined> {
  for (const authority of authorities) {
    const read = new x509.X509Certificate(new Uint8Array(authority.raw));
    const names = [crl.issuerName, read.subjectName].map((name) => Buffer.from(name.toArrayBuffer()));
    if (names[0]?.compare(names[1] ?? Buffer.alloc(0)) !== 0) continue;
    const usages = read.getExtension(x509.KeyUsagesExtension)?.usages;
    if (usages !== undefined && (usages & x509.KeyUsageFlags.cRLSign) === 0) continue;
    // An algorithm that is not known here is a signature that cannot be checked.
    const signed = await crl.verify({ publicKey: read.publicKey }).catch(() => false);
    if (signed) return authority;
  }
  return undefined;
}

/** One spelling: programs differ in case and in zeros before. */
function plainSerial(text: string): string {
  return text.toLowerCase().replace(/^0+/, '');
}
