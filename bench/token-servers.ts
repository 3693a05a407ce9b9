/**
 * The servers whose tokens are measured: Warden, and docker_auth where script/get-docker-auth has built it. Each is a process of
 * its own with the same users, the same directory, the same rules and the same key; each writes a line of log for a token.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { freePort } from '../test/support/ports.ts';
import { must, startChild } from '../test/support/process.ts';
import { ADMIN, PEOPLE } from '../test/support/slapd.ts';
import type { Temp } from '../test/support/temp.ts';
import { startWarden } from '../test/support/warden.ts';

export type Algorithm = 'ES256' | 'RS256';

export interface TokenServer {
  readonly name: 'warden' | 'docker_auth';
  readonly pid: number;
  readonly port: number;
  /** What its tokens are asked for. */
  readonly service: string;
  /** Of the token endpoint. */
  readonly path: string;
  stop(): Promise<void>;
}

/** The key of the tokens, with a certificate of it: files of PEM. */
export interface TokenSigner {
  readonly algorithm: Algorithm;
  readonly key: string;
  readonly certificate: string;
}

export interface TokenServerOptions {
  readonly signer: TokenSigner;
  /** Hashes by name. */
  readonly users?: ReadonlyMap<string, string>;
  /** A slapd, and a file with the password of its administrator. */
  readonly directory?: { readonly port: number; readonly passwordFile: string };
  /** Rules that are about other repositories, before the one that lets everybody pull. */
  readonly rules?: number;
  /** How long a right password is not hashed again; 60 unless told. */
  readonly rememberSeconds?: number;
  /** Where Warden's registry keeps what it has. */
  readonly storage?: string;
}

const FOLDER = join(homedir(), '.cache', 'registry-warden', 'bin');

/** P-256, or RSA of 2048 bits, which is what docker_auth's documents make; `warden keys init` makes 3072. */
export async function makeSigner(temp: Temp, algorithm: Algorithm): Promise<TokenSigner> {
  const [certificate, key] = [temp.at(`${algorithm}.crt`), temp.at(`${algorithm}.key`)];
  const kind = algorithm === 'ES256' ? ['ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'] : ['rsa:2048'];
  await must('openssl', [
    ...['req', '-x509', '-newkey', ...kind, '-nodes', '-days', '2', '-subj', '/CN=bench'],
    ...['-keyout', key, '-out', certificate],
  ]);
  return { algorithm, key, certificate };
}

/** Where docker_auth lies; undefined where nobody has built it. */
export function dockerAuthProgram(): string | undefined {
  if (!existsSync(FOLDER)) return undefined;
  const found = readdirSync(FOLDER).find((name) => name.startsWith('docker_auth-'));
  return found && join(FOLDER, found);
}

/** Nothing of them fits what is asked, and none can be told by its first letters alone. */
function others(
  count: number,
): readonly { readonly id: string; readonly repository: string; readonly range: string }[] {
  return Array.from({ length: count }, (_, at) => ({
    id: `rule-${at}`,
    repository: `team-${at}/app`,
    range: `10.${(at >> 8) & 255}.${at & 255}.0/26`,
  }));
}

export async function startWardenTokens(options: TokenServerOptions): Promise<TokenServer> {
  const { signer, users = new Map(), directory, rules = 0, rememberSeconds = 60, storage } = options;
  const policy = stringify({
    rules: [
      ...others(rules).map(({ id, repository, range }) => ({
        id,
        allow: ['pull'],
        repositories: [repository],
        from: [range],
      })),
      { id: 'pulls', allow: ['pull'], repositories: ['**'] },
    ],
  });
  const warden = await startWarden({
    policy,
    users: [{ name: 'probe', password: 'probe-password' }],
    settings: {
      tokens: { algorithm: signer.algorithm },
      logins: {
        rememberSeconds,
        failuresPerMinute: { byAddress: 100_000, byUserAndAddress: 100_000, overall: 100_000 },
      },
      ...(directory !== undefined && {
        ldap: {
          servers: [`ldap://127.0.0.1:${directory.port}`],
          allowPlaintext: true,
          bind: { dn: ADMIN.dn, passwordFile: directory.passwordFile },
          users: { base: PEOPLE },
        },
      }),
    },
    ...(storage !== undefined && { registry: { storage } }),
  });
  const file = join(warden.folder, 'users.yaml');
  const lines = [...users].map(([name, hash]) => `  ${name}: { password: "${hash}" }`);
  writeFileSync(file, `${readFileSync(file, 'utf8').trimEnd()}\n${lines.join('\n')}\n`);
  writeFileSync(join(warden.folder, 'keys', 'tokens.pem'), readFileSync(signer.key));
  // So that the files are what was read.
  await warden.restart();
  const { port, address: service } = warden;
  return { name: 'warden', pid: warden.pid(), port, service, path: '/token', stop: () => warden.stop() };
}

/** @param temp for its files. */
export async function startDockerAuth(
  program: string,
  temp: Temp,
  { signer, users = new Map(), directory, rules = 0 }: TokenServerOptions,
): Promise<TokenServer> {
  const port = await freePort();
  const { certificate, key } = signer;
  const file = temp.at(`${port}.yml`);
  writeFileSync(
    file,
    stringify({
      server: { addr: `127.0.0.1:${port}` },
      token: { issuer: 'bench', expiration: 900, certificate, key },
      users: {
        '': {},
        ...Object.fromEntries([...users].map(([name, hash]) => [name, { password: hash }])),
      },
      ...(directory !== undefined && {
        ldap_auth: {
          addr: `127.0.0.1:${directory.port}`,
          tls: 'none',
          bind_dn: ADMIN.dn,
          bind_password_file: directory.passwordFile,
          base: PEOPLE,
          // Its own notation.
          filter: `(uid=\${account})`,
        },
      }),
      acl: [
        ...others(rules).map(({ repository, range }) => ({
          match: { name: repository, ip: range },
          actions: ['pull'],
        })),
        { match: {}, actions: ['pull'] },
      ],
    }),
  );
  const child = await startChild(program, ['-logtostderr=true', '-v=0', file]);
  await child.waitForPort(port);
  return {
    name: 'docker_auth',
    pid: child.pid,
    port,
    service: 'bench',
    path: '/auth',
    stop: () => child.stop(),
  };
}
