/**
 * The files that settings name, as far as they can be told from a text that is not good as a whole: so that their
 * problems are shown together with those of the settings.
 */
import { dirname, resolve } from 'node:path';
import { parse } from 'yaml';

export interface NamedFiles {
  readonly policy: string | undefined;
  readonly users: string | undefined;
  readonly clientKey: string | undefined;
  readonly upstreamKey: string | undefined;
}

/** Total: what is not there, or is no text, is undefined. `policy` and `users` have the defaults of the schema. */
export function namedFiles(text: string, file: string): NamedFiles {
  let document: unknown;
  try {
    document = parse(text, { logLevel: 'silent', maxAliasCount: 0 });
  } catch {
    return { policy: undefined, users: undefined, clientKey: undefined, upstreamKey: undefined };
  }
  const at = (path: unknown): string | undefined =>
    typeof path === 'string' && path !== '' ? resolve(dirname(file), path) : undefined;
  const top = member(document);
  return {
    policy: at(top['policy'] ?? 'policies/'),
    users: at(top['users'] ?? 'users.yaml'),
    clientKey: at(member(top['tokens'])['keyFile']),
    upstreamKey: at(member(top['registry'])['keyFile']),
  };
}

function member(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
