/** Loads warden.yaml: checks it as a whole, makes its paths absolute, and freezes the result. */
import { dirname, resolve } from 'node:path';
import type { z } from 'zod';
import { forwardFilesAt } from './forward-schema.ts';
import { type NamedFiles, namedFiles } from './named-files.ts';
import { type ReadText, readText } from './read-text.ts';
import { judgeSettings } from './settings-judgement.ts';
import { type Settings, settingsSchema } from './settings-schema.ts';
import { signInFilesAt } from './sign-in-schema.ts';
import { transparencyAt } from './transparency-schema.ts';
import { type PositionOf, type Problem, readYaml } from './yaml.ts';

export type { Settings };

export type LoadedSettings =
  | {
      readonly ok: true;
      readonly settings: Settings;
      readonly warnings: readonly Problem[];
      /** Where a key stands in the file. */
      readonly positionOf: PositionOf;
    }
  | { readonly ok: false; readonly problems: readonly Problem[]; readonly named: NamedFiles | undefined };

/** Relative paths in the file start from the file's own folder. Opens no other file than this one. */
export async function loadSettings(file: string, read: ReadText = readText): Promise<LoadedSettings> {
  const content = await read(file);
  if (!content.ok) {
    const message = `${content.reason}; the settings are named with --config, or in WARDEN_CONFIG`;
    return { ok: false, problems: [{ file, line: 1, column: 1, message }], named: undefined };
  }
  const document = readYaml(content.text, file, settingsSchema);
  const named = namedFiles(content.text, file);
  if (!document.ok) return { ...document, named };
  const settings = complete(document.value, file);
  const { problems, warnings } = judgeSettings(settings, file, document.positionOf);
  return problems.length > 0
    ? { ok: false, problems, named }
    : { ok: true, settings, warnings, positionOf: document.positionOf };
}

function complete(value: z.output<typeof settingsSchema>, file: string): Settings {
  const at = (path: string): string => resolve(dirname(file), path);
  const {
    listen,
    clientCertificates,
    registry,
    offload,
    tokens,
    ldap,
    state,
    store,
    oidc,
    forward,
    page,
    transparency,
    attestations,
    ...rest
  } = value;
  const service = value.service ?? authorityOf(value.publicUrl);
  return deepFreeze({
    ...rest,
    file: resolve(file),
    service,
    api: { service: value.api.service ?? `${service}/api` },
    listen: {
      ...listen,
      ...(listen.tls && {
        tls: { certificateFile: at(listen.tls.certificateFile), keyFile: at(listen.tls.keyFile) },
      }),
    },
    ...(clientCertificates && {
      clientCertificates: {
        ...clientCertificates,
        caFile: at(clientCertificates.caFile),
        ...(clientCertificates.crlFile !== undefined && { crlFile: at(clientCertificates.crlFile) }),
      },
    }),
    registry: {
      ...registry,
      keyFile: at(registry.keyFile),
      certificateFile: at(registry.certificateFile),
      caKeyFile: at(registry.caKeyFile ?? registry.keyFile.replace(/(\.[^./]*)?$/, '-ca$1')),
    },
    ...(offload && {
      offload: {
        ...offload,
        ...(offload.redirect && {
          redirect: { ...offload.redirect, keyFile: at(offload.redirect.keyFile) },
        }),
      },
    }),
    tokens: { ...tokens, keyFile: at(tokens.keyFile) },
    policy: at(value.policy),
    users: at(value.users),
    oidc: oidc.map((issuer) => ({
      ...issuer,
      ...(issuer.jwksFile !== undefined && { jwksFile: at(issuer.jwksFile) }),
      ...(issuer.caFile !== undefined && { caFile: at(issuer.caFile) }),
    })),
    ...(ldap && {
      ldap: {
        ...ldap,
        ...(ldap.caFile !== undefined && { caFile: at(ldap.caFile) }),
        ...(ldap.bind && { bind: { ...ldap.bind, passwordFile: at(ldap.bind.passwordFile) } }),
      },
    }),
    data: at(value.data),
    forward: forward.map((to) => forwardFilesAt(to, at)),
    page: { ...page, signIn: page.signIn.map((entry) => signInFilesAt(entry, at)) },
    ...(transparency && { transparency: transparencyAt(transparency, at(value.data), at) }),
    ...(attestations && { attestations: { ...attestations, keyFile: at(attestations.keyFile) } }),
    ...(state && { state: { redisUrlFile: at(state.redisUrlFile) } }),
    ...(store && {
      store: {
        ...store,
        postgresUrlFile: at(store.postgresUrlFile),
        ...(store.caFile !== undefined && { caFile: at(store.caFile) }),
      },
    }),
  });
}

/** `host[:port]` of an address that the schema has checked, as it was written. */
export function authorityOf(url: string): string {
  return url.slice(url.indexOf('//') + 2);
}

function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  for (const inner of Object.values(value)) deepFreeze(inner);
  return Object.freeze(value);
}
