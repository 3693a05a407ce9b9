/** An issuer of people as Warden has it when it has read the settings. */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { type SignInIssuer, signInSchema } from '../../src/config/sign-in-schema.ts';

export function issuerOf(entry: Readonly<Record<string, unknown>> = {}): SignInIssuer {
  const [issuer] = signInSchema.parse([
    {
      ...{ name: 'corp', title: 'Corp', issuer: 'https://id.corp', clientId: 'registry' },
      ...{ clientSecretFile: '/none', ...entry },
    },
  ]);
  if (!issuer) throw new Error('there is one');
  return issuer;
}

/** The example of docs/sign-in.md under that name. */
export function documented(name: 'keycloak' | 'gitlab'): Readonly<Record<string, unknown>> {
  const page = readFileSync(new URL('../../docs/sign-in.md', import.meta.url), 'utf8');
  const [, text = ''] = new RegExp(`^\`\`\`yaml file=${name}\n([^]*?)^\`\`\``, 'm').exec(page) ?? [];
  const { page: block } = parse(text) as {
    readonly page: { readonly signIn: readonly Readonly<Record<string, unknown>>[] };
  };
  if (block.signIn[0] === undefined) throw new Error(`no example ${name}`);
  return block.signIn[0];
}
