/** What a certificate says of itself, as far as it matters for a client's. Pure. */
import type { X509Certificate } from 'node:crypto';
import { isMachineName } from '../../policy/certificate-name.ts';
import type { X509Library } from './x509.ts';

export interface MachineFacts {
  /** The DNS names that are names of machines, in lower case; no wildcards, no common name. RFC 9525 section 2. */
  readonly names: readonly string[];
  /** Why it is no certificate that a client proves itself with; undefined where it is one. */
  readonly unfit: string | undefined;
}

const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';
/** Extensions that are looked at here, or that limit nothing for a client: RFC 5280 section 4.2. */
const UNDERSTOOD: ReadonlySet<string> = new Set([
  '2.5.29.14', // subject key identifier
  '2.5.29.15', // key usage
  '2.5.29.17', // subject alternative name
  '2.5.29.19', // basic constraints
  '2.5.29.32', // policies
  '2.5.29.35', // authority key identifier
  '2.5.29.37', // extended key usage
]);
const WEAK = /md2|md4|md5|sha1|dsaWithSHA1/i;
const RSA_BITS = 2048;
/** A certificate with more names than this says nothing of a machine. */
const NAMES_LIMIT = 100;

/** @throws where it cannot be read. */
export function machineFacts(certificate: X509Certificate, x509: X509Library): MachineFacts {
  const read = new x509.X509Certificate(new Uint8Array(certificate.raw));
  const dns = (read.getExtension(x509.SubjectAlternativeNameExtension)?.names.items ?? [])
    .filter(({ type }) => type === 'dns')
    .slice(0, NAMES_LIMIT)
    .map(({ value }) => value.toLowerCase());
  return { names: [...new Set(dns.filter(isMachineName))], unfit: unfitness(certificate, read, x509) };
}

function unfitness(
  { publicKey, signatureAlgorithm }: X509Certificate,
  read: InstanceType<X509Library['X509Certificate']>,
  x509: X509Library,
): string | undefined {
  const unknown = read.extensions.find(({ critical, type }) => critical && !UNDERSTOOD.has(type));
  if (unknown !== undefined)
    return `has the critical extension ${unknown.type}, which is not understood here`;
  const purposes = read.getExtension(x509.ExtendedKeyUsageExtension)?.usages;
  if (purposes !== undefined && !purposes.some((purpose) => String(purpose) === CLIENT_AUTH))
    return 'is not for client authentication (extended key usage)';
  const usages = read.getExtension(x509.KeyUsagesExtension)?.usages;
  if (usages !== undefined && (usages & x509.KeyUsageFlags.digitalSignature) === 0)
    return 'is not for signatures (key usage)';
  if (WEAK.test(signatureAlgorithm ?? '')) return `is signed with ${signatureAlgorithm}, which is broken`;
  const bits = publicKey.asymmetricKeyDetails?.modulusLength;
  return bits !== undefined && bits < RSA_BITS
    ? `has an RSA key of ${bits} bits; expected ${RSA_BITS} or more`
    : undefined;
}
