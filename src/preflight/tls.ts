/** The listener's certificate and its key. */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { createSecureContext } from 'node:tls';
import { describeErrno } from '../config/read-text.ts';
import type { Settings } from '../config/settings.ts';
import type { Problem } from '../config/yaml.ts';
import { at, type Part } from './part.ts';

/** PEM texts of the listener's certificate chain and key, which fit together. */
export interface Tls {
  readonly cert: string;
  readonly key: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

/** In milliseconds: time enough to have a new certificate made. */
const EXPIRY_WARNING = 14 * 86_400_000;

/** Reads and tries the pair; also used when it changes while Warden runs. */
export function loadTls(
  files: { readonly certificateFile: string; readonly keyFile: string },
  now: number,
): Part<{ readonly tls: Tls }> {
  const { certificateFile, keyFile } = files;
  const texts: string[] = [];
  for (const file of [certificateFile, keyFile]) {
    try {
      texts.push(readFileSync(file, 'utf8'));
    } catch (error) {
      return { ok: false, problems: [at(file, `cannot be read: ${describeErrno(error)}`)] };
    }
  }
  const [cert = '', key = ''] = texts;
  let leaf: X509Certificate;
  try {
    leaf = new X509Certificate(cert);
  } catch {
    return {
      ok: false,
      problems: [
        at(certificateFile, 'expected a PEM certificate (BEGIN CERTIFICATE), found none that can be read'),
      ],
    };
  }
  try {
    createSecureContext({ cert, key });
  } catch {
    return {
      ok: false,
      problems: [at(keyFile, `expected the PEM private key of the certificate in ${certificateFile}`)],
    };
  }
  const expiresAt = leaf.validToDate.getTime();
  if (expiresAt <= now) {
    return {
      ok: false,
      problems: [at(certificateFile, `the certificate has expired at ${leaf.validToDate.toISOString()}`)],
    };
  }
  const soon = at(certificateFile, `the certificate expires at ${leaf.validToDate.toISOString()}`);
  return {
    ok: true,
    warnings: expiresAt - now < EXPIRY_WARNING ? [soon] : [],
    tls: { cert, key, expiresAt },
  };
}

/** Clients compare the name that they were given with those of the certificate, and end there if it is none of them. */
export function namesMissing(settings: Settings, cert: string, file: string): readonly Problem[] {
  const leaf = new X509Certificate(cert);
  return [settings.publicUrl, ...settings.alternateUrls].flatMap((url) => {
    const host = new URL(url).hostname.replace(/^\[|\]$/g, '');
    const fits = isIP(host) === 0 ? leaf.checkHost(host) : leaf.checkIP(host);
    if (fits !== undefined) return [];
    const names = leaf.subjectAltName ?? 'none';
    return [
      at(
        file,
        `the certificate is not for ${host}, so clients of ${url} will refuse it; its names: ${names}`,
      ),
    ];
  });
}
