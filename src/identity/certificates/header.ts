/**
 * A client's certificate in a header, as proxies that end its TLS hand it on. Pure.
 *
 * Two forms are read: `:base64 of DER:` of RFC 9440 (HAProxy can write it), and PEM with its bytes escaped as in an address
 * (nginx `$ssl_client_escaped_cert`, Envoy `%DOWNSTREAM_PEER_CERT%`). It is the whole certificate in both, so that Warden
 * judges it itself.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9440#section-2.2
 */
import { X509Certificate } from 'node:crypto';

/** In characters: several times what a certificate has. */
const LENGTH = 32_768;
const RFC_9440 = /^:([A-Za-z0-9+/]+={0,2}):$/;
const PEM = /^-----BEGIN CERTIFICATE-----\n[A-Za-z0-9+/=\n]+\n-----END CERTIFICATE-----\n?$/;

/** @returns undefined for an empty value: the client has shown none. */
export function readCertificateHeader(value: string): X509Certificate | 'malformed' | undefined {
  const text = value.trim();
  if (text === '' || text === '-') return undefined;
  if (text.length > LENGTH) return 'malformed';
  const encoded = RFC_9440.exec(text)?.[1];
  const pem = encoded === undefined ? unescaped(text) : undefined;
  if (encoded === undefined && (pem === undefined || !PEM.test(pem))) return 'malformed';
  try {
    return new X509Certificate(encoded === undefined ? (pem ?? '') : Buffer.from(encoded, 'base64'));
  } catch {
    return 'malformed';
  }
}

function unescaped(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
