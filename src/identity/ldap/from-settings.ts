/** Reads what the settings of a directory name, and says what is wrong with it. */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { describeErrno } from '../../config/read-text.ts';
import type { Settings } from '../../config/settings.ts';
import type { Problem } from '../../config/yaml.ts';
import type { DirectoryOptions } from './directory.ts';
import { parseDn } from './dn.ts';
import { DirectoryFailure } from './failure.ts';
import { readFilter } from './filters.ts';
import { IN_CHAIN } from './groups.ts';
import type { Server } from './socket.ts';

/** All of the options that stand in files. */
export type DirectoryConfig = Omit<DirectoryOptions, 'now' | 'observe' | 'onFailure' | 'onRefused'>;

export type LoadedDirectory =
  | { readonly ok: true; readonly warnings: readonly Problem[]; readonly config: DirectoryConfig }
  | { readonly ok: false; readonly problems: readonly Problem[] };

type Ldap = NonNullable<Settings['ldap']>;

/** @param at makes a problem of a key of the settings. */
export function loadDirectory(
  ldap: Ldap,
  at: (key: readonly string[], sentence: string) => Problem,
): LoadedDirectory {
  const problems: Problem[] = [];
  const refuse = (key: readonly string[], sentence: string): void => {
    problems.push(at(['ldap', ...key], sentence));
  };
  const { users, groups, bind } = ldap;
  for (const [key, dn] of [
    [['users', 'base'], users.base],
    [['groups', 'base'], groups?.base],
    [['bind', 'dn'], bind?.dn],
  ] as const) {
    if (dn !== undefined && !parseDn(dn)?.length)
      refuse(key, 'expected a distinguished name such as ou=people,dc=corp');
  }
  const filterOf = (key: readonly string[], text: string | undefined) => {
    const read = text === undefined ? undefined : readFilter(text);
    if (text !== undefined && read === undefined)
      refuse(key, 'expected a filter in parentheses such as (objectClass=person), with ASCII escapes only');
    return read;
  };
  const peopleFilter = filterOf(['users', 'filter'], users.filter);
  const groupFilter = filterOf(['groups', 'filter'], groups?.filter);
  const ca = ldap.caFile === undefined ? undefined : readAuthorities(ldap.caFile, problems);
  if (bind) {
    const reason = passwordFault(bind.passwordFile);
    if (reason !== undefined) problems.push({ file: bind.passwordFile, line: 1, column: 1, message: reason });
  }
  if (problems.length > 0) return { ok: false, problems };
  return {
    ok: true,
    warnings: ldap.allowPlaintext
      ? [
          at(
            ['ldap', 'allowPlaintext'],
            'passwords cross the network to the directory where everyone on the way reads them',
          ),
        ]
      : [],
    config: {
      servers: ldap.servers.map((url) => serverOf(url, ldap.startTls)),
      ca,
      reader: bind && { dn: bind.dn, password: () => readPassword(bind.passwordFile) },
      people: {
        base: users.base,
        nameAttribute: users.attribute,
        filter: peopleFilter,
        changeAttributes: users.changeAttributes,
      },
      groups: groups && { ...groups, filter: groupFilter, rule: IN_CHAIN },
      connectMs: ldap.connectSeconds * 1000,
      answerMs: ldap.answerSeconds * 1000,
      totalMs: ldap.loginSeconds * 1000,
      refreshMs: ldap.refreshSeconds * 1000,
      rememberMs: ldap.rememberSeconds * 1000,
      width: ldap.connections,
    },
  };
}

/** @param url as the schema takes it. */
function serverOf(url: string, startTls: boolean): Server {
  const { protocol, hostname, port } = new URL(url);
  const tls = protocol === 'ldaps:';
  return {
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? (tls ? 636 : 389) : Number(port),
    security: tls ? 'tls' : startTls ? 'startTls' : 'clear',
  };
}

function readAuthorities(file: string, problems: Problem[]): string | undefined {
  const refuse = (message: string): undefined => {
    problems.push({ file, line: 1, column: 1, message });
    return undefined;
  };
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    return refuse(`cannot be read: ${describeErrno(error)}`);
  }
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  try {
    // With none that it can read, TLS would trust nobody, and every login fail without a reason here.
    for (const block of blocks) new X509Certificate(block);
  } catch {
    return refuse('holds a certificate that cannot be read');
  }
  return blocks.length === 0
    ? refuse('expected PEM certificates (BEGIN CERTIFICATE), found none')
    : blocks.join('\n');
}

/** What is wrong with the file; undefined when it holds a password. Never holds it. */
function passwordFault(file: string): string | undefined {
  try {
    return passwordIn(readFileSync(file, 'utf8')) === undefined
      ? 'expected one line, the password'
      : undefined;
  } catch (error) {
    return `cannot be read: ${describeErrno(error)}`;
  }
}

async function readPassword(file: string): Promise<string> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw new DirectoryFailure('the password of the account that searches cannot be read', { cause: error });
  }
  const password = passwordIn(text);
  if (password === undefined)
    throw new DirectoryFailure('the password of the account that searches is not one line');
  return password;
}

function passwordIn(text: string): string | undefined {
  const line = text.replace(/\r?\n$/, '');
  return line === '' || /[\r\n\0]/.test(line) ? undefined : line;
}
