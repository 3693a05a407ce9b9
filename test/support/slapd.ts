/** A directory server of its own: Debian's slapd with people, groups and the memberOf overlay. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { freePort } from './ports.ts';
import { type Child, must, startChild } from './process.ts';
import { makeTemp } from './temp.ts';

export interface SlapdOptions {
  /** Entries besides the suffix, `ou=people` and `ou=groups`. */
  readonly ldif?: string;
  /** PEM files; with them it also listens for ldaps and takes StartTLS. */
  readonly tls?: { readonly certificateFile: string; readonly keyFile: string };
  /** Further lines of its configuration, before the database. */
  readonly more?: string;
  /** The attributes of Active Directory in place of the memberOf overlay, whose own they contradict. */
  readonly microsoft?: boolean;
}

export interface RunningSlapd {
  readonly port: number;
  /** Of ldaps; 0 without TLS. */
  readonly tlsPort: number;
  /** Changes entries, as its administrator (ldapmodify, also with `changetype: add`). */
  modify(ldif: string): Promise<void>;
  log(): string;
  /** SIGSTOP: connections are accepted by the kernel, and nothing answers. */
  pause(): void;
  resume(): void;
  kill(): Promise<void>;
  /** After kill(): again, on the same ports and data. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export const SUFFIX = 'dc=corp';
export const PEOPLE = `ou=people,${SUFFIX}`;
export const GROUPS = `ou=groups,${SUFFIX}`;
export const ADMIN = { dn: `cn=admin,${SUFFIX}`, password: 'admin-of-the-test' };

const SCHEMAS = ['core', 'cosine', 'inetorgperson', 'nis'];

export async function startSlapd(options: SlapdOptions = {}): Promise<RunningSlapd> {
  const temp = makeTemp('slapd');
  const port = await freePort();
  const tlsPort = options.tls ? await freePort() : 0;
  mkdirSync(temp.at('db'));
  writeFileSync(
    temp.at('slapd.conf'),
    `${[...SCHEMAS, ...(options.microsoft ? ['msuser'] : [])].map((name) => `include /etc/ldap/schema/${name}.schema`).join('\n')}
pidfile ${temp.at('slapd.pid')}
modulepath /usr/lib/ldap
moduleload back_mdb
${options.microsoft ? '' : 'moduleload memberof'}
${options.tls ? `TLSCertificateFile ${options.tls.certificateFile}\nTLSCertificateKeyFile ${options.tls.keyFile}` : ''}
${options.more ?? ''}
database mdb
suffix "${SUFFIX}"
rootdn "${ADMIN.dn}"
rootpw ${ADMIN.password}
directory ${temp.at('db')}
maxsize 16777216
${options.microsoft ? '' : 'overlay memberof'}
`,
  );
  const urls = [`ldap://127.0.0.1:${port}`, ...(tlsPort > 0 ? [`ldaps://127.0.0.1:${tlsPort}`] : [])].join(
    ' ',
  );
  let child: Child | undefined;
  let earlier = '';

  async function start(): Promise<void> {
    // 256: one line for each operation. In the foreground.
    child = await startChild('slapd', ['-f', temp.at('slapd.conf'), '-h', urls, '-d', '256']);
    await child.waitForPort(port);
  }

  async function modify(ldif: string): Promise<void> {
    const login = ['-x', '-H', `ldap://127.0.0.1:${port}`, '-D', ADMIN.dn, '-w', ADMIN.password];
    await must('ldapmodify', login, { input: ldif });
  }

  async function stop(): Promise<void> {
    child?.signal('SIGCONT');
    await child?.stop();
    await temp.stop();
  }

  try {
    await start();
    await modify(`${BASE}\n${options.ldif ?? ''}`);
  } catch (error) {
    const said = child?.tail();
    await stop();
    throw new Error(`slapd: ${(error as Error).message}\n${said}`);
  }
  return {
    port,
    tlsPort,
    modify,
    log: () => earlier + (child?.output() ?? ''),
    pause: () => child?.signal('SIGSTOP'),
    resume: () => child?.signal('SIGCONT'),
    async kill() {
      child?.signal('SIGKILL');
      await child?.ended;
    },
    async restart() {
      earlier += child?.output() ?? '';
      await start();
    },
    stop,
  };
}

const BASE = `dn: ${SUFFIX}
changetype: add
objectClass: dcObject
objectClass: organization
dc: corp
o: Corp

dn: ${PEOPLE}
changetype: add
objectClass: organizationalUnit
ou: people

dn: ${GROUPS}
changetype: add
objectClass: organizationalUnit
ou: groups
`;

/** A person, as an entry for `ldif`. */
export function person(uid: string, password: string, more = ''): string {
  return `
dn: ${rdn('uid', uid)},${PEOPLE}
changetype: add
objectClass: inetOrgPerson
cn: ${uid}
sn: ${uid}
uid: ${uid}
userPassword: ${password}
${more}`;
}

/** A group, as an entry for `ldif`; members are distinguished names. */
export function group(cn: string, members: readonly string[], base = GROUPS): string {
  return `
dn: ${rdn('cn', cn)},${base}
changetype: add
objectClass: groupOfNames
cn: ${cn}
${members.map((member) => `member: ${member}`).join('\n')}
`;
}

export function dnOf(uid: string): string {
  return `${rdn('uid', uid)},${PEOPLE}`;
}

function rdn(attribute: string, value: string): string {
  return `${attribute}=${value.replace(/["+,;<>\\]/g, '\\$&')}`;
}
