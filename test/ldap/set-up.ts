/** A directory as Warden asks it, over the servers of a test. */
import { readFileSync } from 'node:fs';
import { createDirectory, type Directory, type DirectoryOptions } from '../../src/identity/ldap/directory.ts';
import { type GroupRules, IN_CHAIN } from '../../src/identity/ldap/groups.ts';
import type { Server } from '../../src/identity/ldap/socket.ts';
import { must } from '../support/process.ts';
import { ADMIN, GROUPS, PEOPLE } from '../support/slapd.ts';
import type { Temp } from '../support/temp.ts';

export const BY_MEMBER_OF: GroupRules = {
  by: 'memberOf',
  base: GROUPS,
  scope: 'one',
  nameAttribute: 'cn',
  memberOfAttribute: 'memberOf',
  memberAttribute: 'member',
  memberValue: 'dn',
  filter: undefined,
  depth: 0,
  rule: IN_CHAIN,
};

export interface Told {
  /** Ports of the servers that failed, with the reason; 0 for the directory as a whole. */
  readonly failures: string[];
  readonly refused: string[];
  readonly asked: string[];
}

export function openDirectory(
  servers: readonly Server[],
  options: Partial<DirectoryOptions> = {},
): { readonly directory: Directory; readonly told: Told } {
  const told: Told = { failures: [], refused: [], asked: [] };
  const directory = createDirectory({
    servers,
    ca: undefined,
    reader: { dn: ADMIN.dn, password: async () => ADMIN.password },
    people: { base: PEOPLE, nameAttribute: 'uid', filter: undefined, changeAttributes: [] },
    groups: BY_MEMBER_OF,
    connectMs: 2000,
    answerMs: 2000,
    totalMs: 10_000,
    refreshMs: 0,
    rememberMs: 0,
    width: 4,
    now: Date.now,
    observe: (operation, outcome) => told.asked.push(`${operation} ${outcome}`),
    onFailure: (server, { reason }) => told.failures.push(`${server?.port ?? 0} ${reason}`),
    onRefused: (reason) => told.refused.push(reason),
    ...options,
  });
  return { directory, told };
}

export function clear(port: number): Server {
  return { host: '127.0.0.1', port, security: 'clear' };
}

export interface Authority {
  /** PEM. */
  readonly ca: string;
  readonly caFile: string;
  readonly certificateFile: string;
  readonly keyFile: string;
}

/** An authority of its own and a certificate of it. `name` as in subjectAltName: `IP:127.0.0.1`, `DNS:other.corp`. */
export async function makeAuthority(temp: Temp, label: string, name = 'IP:127.0.0.1'): Promise<Authority> {
  const at = (file: string): string => temp.at(`${label}-${file}`);
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  await must('openssl', [
    ...['req', '-x509', ...key, '-days', '2', '-subj', `/CN=${label}`],
    ...['-keyout', at('ca.key'), '-out', at('ca.crt')],
  ]);
  await must('openssl', [
    ...['req', '-x509', ...key, '-days', '2', '-subj', '/CN=directory', '-addext', `subjectAltName=${name}`],
    ...['-addext', 'basicConstraints=critical,CA:FALSE', '-CA', at('ca.crt'), '-CAkey', at('ca.key')],
    ...['-keyout', at('server.key'), '-out', at('server.crt')],
  ]);
  return {
    ca: readFileSync(at('ca.crt'), 'utf8'),
    caFile: at('ca.crt'),
    certificateFile: at('server.crt'),
    keyFile: at('server.key'),
  };
}
