/** The certificate that the registry knows the upstream key by. */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Problem } from '../config/yaml.ts';
import { fileProblem } from './file-problem.ts';
import type { SigningKey } from './keys.ts';

export type LoadedChain =
  | {
      readonly ok: true;
      /** For the header `x5c`: standard base64 of the DER, leaf first (RFC 7515 section 4.1.6). */
      readonly x5c: readonly string[];
      /** Milliseconds since 1970: from then on the registry refuses what is signed with it. */
      readonly expiresAt: number;
      readonly warnings: readonly Problem[];
    }
  | { readonly ok: false; readonly problems: readonly Problem[] };

export interface ChainOptions {
  readonly file: string;
  readonly key: SigningKey;
  /** Milliseconds since 1970. */
  readonly now: number;
}

const PEM_CERTIFICATE = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g;
/** Time enough to have a new one made, and the registry restarted with it. */
const WARN_BEFORE_MS = 30 * 24 * 3600 * 1000;

/** Every certificate of a PEM text, in order; or the sentence why not. */
export function readCertificates(text: string): readonly [X509Certificate, ...X509Certificate[]] | string {
  const found: X509Certificate[] = [];
  for (const pem of text.match(PEM_CERTIFICATE) ?? []) {
    try {
      found.push(new X509Certificate(pem));
    } catch {
      return `certificate ${found.length + 1} of the file is damaged: its PEM text cannot be decoded`;
    }
  }
  const [first, ...rest] = found;
  return first === undefined ? 'expected a certificate (BEGIN CERTIFICATE), found none' : [first, ...rest];
}

/** Loads a chain, leaf first. The leaf must hold the public half of `key` and be valid at `now`. */
export function loadCertificateChain({ file, key, now }: ChainOptions): LoadedChain {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    return { ok: false, problems: [fileProblem(file, 'the certificate cannot be read', error)] };
  }
  const refuse = (message: string): LoadedChain => ({
    ok: false,
    problems: [{ file, line: 1, column: 1, message }],
  });
  const chain = readCertificates(text);
  if (typeof chain === 'string') return refuse(chain);
  const [leaf] = chain;
  if (!leaf.publicKey.equals(key.publicKey)) {
    return refuse('the certificate is of another key: `warden keys init` makes both when both are missing');
  }
  const from = leaf.validFromDate.getTime();
  const until = leaf.validToDate.getTime();
  if (now < from) return refuse(`the certificate is valid only from ${leaf.validFromDate.toISOString()}`);
  if (now >= until) return refuse(`the certificate has expired at ${leaf.validToDate.toISOString()}`);
  const message = `the certificate expires at ${leaf.validToDate.toISOString()}; the registry then refuses every request`;
  const warnings = until - now > WARN_BEFORE_MS ? [] : [{ file, line: 1, column: 1, message }];
  return { ok: true, x5c: chain.map((one) => one.raw.toString('base64')), expiresAt: until, warnings };
}
