/** Files of PEM certificates of a CA, and of the keys of an issuer. */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { OidcIssuer } from '../config/oidc-schema.ts';
import { describeErrno } from '../config/read-text.ts';
import type { Problem } from '../config/yaml.ts';
import { readKeyFile } from '../identity/oidc/key-source.ts';
import { at } from './part.ts';

/** Of the files of an issuer. Whether it answers is seen when Warden runs: it need not be up for a start. */
export async function problemsOfIssuer({ caFile, jwksFile }: OidcIssuer): Promise<readonly Problem[]> {
  const problems: Problem[] = [];
  const why = caFile === undefined ? undefined : unusableCertificates(caFile);
  if (caFile !== undefined && why !== undefined) problems.push(at(caFile, why));
  const keys = jwksFile === undefined ? undefined : await readKeyFile(jwksFile);
  if (keys?.ok === false) problems.push(at(jwksFile ?? '', keys.reason));
  return problems;
}

/** Why a file is not one of PEM certificates. */
export function unusableCertificates(file: string): string | undefined {
  try {
    new X509Certificate(readFileSync(file));
    return undefined;
  } catch (error) {
    const { code } = error as { readonly code?: string };
    const unread = code !== undefined && !code.startsWith('ERR_OSSL');
    return unread ? `cannot be read: ${describeErrno(error)}` : 'expected PEM certificates of a CA';
  }
}
