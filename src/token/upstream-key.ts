/**
 * The key that signs Warden's tokens at the registry, and what the registry knows it by.
 *
 * Either the registry trusts the key's own certificate, and must be restarted for another; or it trusts a CA, and the file
 * of the key holds a certificate of that CA behind the key: then the key changes by replacing one file.
 */
import type { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Problem } from '../config/yaml.ts';
import { loadCertificateChain, readCertificates } from './certificates.ts';
import { fileProblem } from './file-problem.ts';
import { readSigningKey, type SigningKey } from './keys.ts';
import { readSecretFile } from './read-secret-file.ts';

export interface UpstreamKey {
  readonly key: SigningKey;
  /** For the header `x5c`, leaf first. */
  readonly x5c: readonly string[];
  /** Milliseconds since 1970: from then on the registry refuses what it signs. */
  readonly expiresAt: number;
  /** The certificates of the CA that vouches for it, as the file holds them; undefined where its own one is trusted. */
  readonly authorities: string | undefined;
  /** Whether another certificate of that CA would last longer. */
  readonly renewable: boolean;
}

export type LoadedUpstreamKey =
  | { readonly ok: true; readonly upstream: UpstreamKey; readonly warnings: readonly Problem[] }
  | { readonly ok: false; readonly problems: readonly Problem[] };

export interface UpstreamFiles {
  readonly keyFile: string;
  /** What stands in the registry's rootcertbundle. */
  readonly certificateFile: string;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** Time enough to make another. */
const WARN_BEFORE_MS = 30 * 24 * 3600 * 1000;

/** Loads key and certificate, which must fit together, and lead to what the registry trusts. */
export function loadUpstreamKey({ keyFile, certificateFile, now }: UpstreamFiles): LoadedUpstreamKey {
  const found = readSecretFile(keyFile);
  if (!found.ok) return found;
  const refuse = (file: string, message: string): LoadedUpstreamKey => ({
    ok: false,
    problems: [{ file, line: 1, column: 1, message }],
  });
  const read = readSigningKey(found.text);
  if (!read.ok) return refuse(keyFile, read.reason);
  const { key } = read;
  if (!found.text.includes('BEGIN CERTIFICATE')) {
    const chain = loadCertificateChain({ file: certificateFile, key, now });
    if (!chain.ok) return chain;
    const { x5c, expiresAt } = chain;
    const warnings = [...found.warnings, ...chain.warnings];
    return {
      ok: true,
      upstream: { key, x5c, expiresAt, authorities: undefined, renewable: false },
      warnings,
    };
  }
  const own = readCertificates(found.text);
  if (typeof own === 'string') return refuse(keyFile, own);
  let text: string;
  try {
    text = readFileSync(certificateFile, 'utf8');
  } catch (error) {
    return { ok: false, problems: [fileProblem(certificateFile, 'the certificate cannot be read', error)] };
  }
  // The registry, and often everybody of its machine, reads this file.
  if (text.includes('PRIVATE KEY'))
    return refuse(certificateFile, 'expected certificates alone (BEGIN CERTIFICATE), found a private key');
  const trusted = readCertificates(text);
  if (typeof trusted === 'string') return refuse(certificateFile, trusted);
  const [leaf] = own;
  const last = own.at(-1);
  if (!leaf?.publicKey.equals(key.publicKey))
    return refuse(
      keyFile,
      'the certificate behind the key is of another key; `warden keys rotate --registry` makes both',
    );
  const authority = trusted.find((one) => last !== undefined && isIssuedBy(last, one));
  if (authority === undefined) {
    const message = `the certificate is of another authority than the one that vouches for the key in ${keyFile}, so the registry would refuse it`;
    return refuse(certificateFile, message);
  }
  for (const one of [leaf, authority]) {
    const file = one === leaf ? keyFile : certificateFile;
    const [from, until] = [one.validFromDate, one.validToDate];
    if (now < from.getTime()) return refuse(file, `the certificate is valid only from ${from.toISOString()}`);
    if (now >= until.getTime()) return refuse(file, `the certificate has expired at ${until.toISOString()}`);
  }
  const expiresAt = Math.min(leaf.validToDate.getTime(), authority.validToDate.getTime());
  const message =
    `the certificate of the registry's key expires at ${new Date(expiresAt).toISOString()}, and the registry then refuses ` +
    'every request; `warden keys rotate --registry` makes another';
  const soon = expiresAt - now > WARN_BEFORE_MS ? [] : [{ file: keyFile, line: 1, column: 1, message }];
  const x5c = own.map((one) => one.raw.toString('base64'));
  return {
    ok: true,
    upstream: {
      ...{ key, x5c, expiresAt, authorities: text },
      renewable: leaf.validToDate < authority.validToDate,
    },
    warnings: [...found.warnings, ...soon],
  };
}

function isIssuedBy(certificate: X509Certificate, authority: X509Certificate): boolean {
  return authority.ca && certificate.checkIssued(authority) && certificate.verify(authority.publicKey);
}
