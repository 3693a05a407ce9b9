/** The issuers of a text of settings, as Warden has them when it has read the file. */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { type OidcIssuer, oidcSchema } from '../../src/config/oidc-schema.ts';

export function issuersOf(settings: { readonly oidc: unknown }): readonly OidcIssuer[] {
  return oidcSchema.parse(settings.oidc);
}

/** One issuer with what a test needs of it. */
export function issuerOf(entry: Readonly<Record<string, unknown>>): OidcIssuer {
  const [issuer] = issuersOf({ oidc: [{ name: 'ci', audiences: ['registry.corp'], ...entry }] });
  if (!issuer) throw new Error('there is one');
  return issuer;
}

/** The example of docs/oidc.md under that name. */
export function documented(name: 'jenkins' | 'gitlab' | 'github'): Readonly<Record<string, unknown>> {
  const page = readFileSync(new URL('../../docs/oidc.md', import.meta.url), 'utf8');
  const [, text = ''] = new RegExp(`^\`\`\`yaml file=${name}\n([^]*?)^\`\`\``, 'm').exec(page) ?? [];
  const { oidc } = parse(text) as { readonly oidc: readonly Readonly<Record<string, unknown>>[] };
  if (oidc[0] === undefined) throw new Error(`no example ${name}`);
  return oidc[0];
}
