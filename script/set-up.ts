/** What script/start keeps in its data folder: settings, policy, keys, users. Made once, kept from then on. */
import { randomBytes } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { parseDocument, stringify } from 'yaml';
import type { Credentials } from '../test/support/clients.ts';
import { canListen, freePort } from '../test/support/ports.ts';
import { requireSuccess } from '../test/support/process.ts';
import { runCli } from '../test/support/warden.ts';

/** Where everything stands after setUp. All addresses are of this machine alone. */
export interface Place {
  readonly data: string;
  readonly settingsFile: string;
  readonly policyFile: string;
  readonly credentialsFile: string;
  readonly host: string;
  readonly port: number;
  /** What clients are told. */
  readonly url: string;
  readonly operationsUrl: string;
  readonly registryPort: number;
  readonly registryStorage: string;
  readonly certificateFile: string;
  readonly service: string;
  readonly issuer: string;
  /** May push from this machine. */
  readonly builder: Credentials;
  /** May read the record. */
  readonly auditor: Credentials;
  /** What is not as it was asked for, one sentence each. */
  readonly notes: readonly string[];
}

const HOST = '127.0.0.1';
const PORTS = { listen: 5080, operations: 5081, registry: 5082 } as const;
/** What the registry is told to demand of tokens; Warden's own defaults for them. */
const SERVICE = 'docker-registry';
const ISSUER = 'registry-warden';
/** The name of the signed log. */
const ORIGIN = 'localhost/push-log';
const BUILDER = { user: 'jenkins', group: 'ci' };
const AUDITOR = { user: 'auditor', group: 'auditors' };
const POLICY = join(import.meta.dirname, '..', 'policies', 'default.yaml');

/** Makes what is missing in `data`. A port that is taken is replaced, in the settings too. */
export async function setUp(data: string, wantedPort: number | undefined): Promise<Place> {
  mkdirSync(join(data, 'keys'), { recursive: true, mode: 0o700 });
  const settingsFile = join(data, 'warden.yaml');
  const policyFile = join(data, 'policy.yaml');
  const keyFile = join(data, 'keys', 'upstream.pem');
  const certificateFile = join(data, 'keys', 'upstream.crt');
  if (!existsSync(policyFile)) copyFileSync(POLICY, policyFile);
  if (!existsSync(settingsFile)) {
    // Relative paths start from the settings file, so that the folder can be moved.
    const settings = {
      publicUrl: `http://${HOST}:${PORTS.listen}`,
      listen: { host: HOST, port: PORTS.listen },
      operations: { host: HOST, port: PORTS.operations },
      registry: {
        url: `http://${HOST}:${PORTS.registry}`,
        issuer: ISSUER,
        service: SERVICE,
        keyFile: relative(data, keyFile),
        certificateFile: relative(data, certificateFile),
      },
      tokens: { keyFile: 'keys/tokens.pem' },
      policy: relative(data, policyFile),
      users: 'users.yaml',
      data: 'records',
      transparency: { origin: ORIGIN, keyFile: 'keys/log.pem' },
    };
    writeFileSync(settingsFile, stringify(settings));
  }
  const ports = await settlePorts(settingsFile, wantedPort);
  // Makes what is missing and leaves what is there.
  requireSuccess(await runCli(settingsFile, ['keys', 'init']));
  const credentialsFile = join(data, 'credentials');
  const credentials = await settleUsers(settingsFile, credentialsFile);
  return {
    data,
    settingsFile,
    policyFile,
    credentialsFile,
    host: HOST,
    port: ports.listen,
    url: `http://${HOST}:${ports.listen}`,
    operationsUrl: `http://${HOST}:${ports.operations}`,
    registryPort: ports.registry,
    registryStorage: join(data, 'registry'),
    certificateFile,
    service: SERVICE,
    issuer: ISSUER,
    ...credentials,
    notes: ports.notes,
  };
}

/** The ports of the settings, each replaced by a free one when something listens there. Comments of the file stay. */
async function settlePorts(
  settingsFile: string,
  wantedPort: number | undefined,
): Promise<{ listen: number; operations: number; registry: number; notes: string[] }> {
  const settings = parseDocument(readFileSync(settingsFile, 'utf8'));
  const notes: string[] = [];
  const settle = async (what: string, port: number): Promise<number> => {
    if (await canListen(port, HOST)) return port;
    const other = await freePort(HOST);
    notes.push(`port ${port} is taken, so ${what} uses ${other}`);
    return other;
  };
  const upstream = new URL(String(settings.getIn(['registry', 'url'])));
  const listen = await settle('Warden', wantedPort ?? Number(settings.getIn(['listen', 'port'])));
  const operations = await settle(
    "Warden's operations listener",
    Number(settings.getIn(['operations', 'port'])),
  );
  const registry = await settle('the registry', Number(upstream.port));
  settings.setIn(['publicUrl'], `http://${HOST}:${listen}`);
  settings.setIn(['listen', 'port'], listen);
  settings.setIn(['operations', 'port'], operations);
  settings.setIn(['registry', 'url'], `http://${HOST}:${registry}`);
  writeFileSync(settingsFile, String(settings));
  return { listen, operations, registry, notes };
}

/**
 * The two first users. Their passwords are random and lie in a file for the owner's eyes alone, because the users'
 * file has hashes only and a second start must be able to say them again. Written before the users are made: a start
 * that is cut short in between is mended by the next.
 */
async function settleUsers(
  settingsFile: string,
  credentialsFile: string,
): Promise<{ builder: Credentials; auditor: Credentials }> {
  if (!existsSync(credentialsFile)) {
    const lines = [BUILDER, AUDITOR].map(({ user }) => `${user} ${randomBytes(18).toString('base64url')}\n`);
    writeFileSync(credentialsFile, lines.join(''), { mode: 0o600 });
  }
  const passwords = new Map(
    readFileSync(credentialsFile, 'utf8')
      .trim()
      .split('\n')
      .map((line) => line.split(' ', 2) as [string, string]),
  );
  const of = (user: string): Credentials => {
    const password = passwords.get(user);
    if (password === undefined) {
      throw new Error(
        `${credentialsFile} has no line "${user} PASSWORD"; remove the data folder to begin anew`,
      );
    }
    return { user, password };
  };
  const { stdout } = requireSuccess(await runCli(settingsFile, ['user', 'list', '--json']));
  const { users } = JSON.parse(stdout) as { readonly users: readonly { readonly name: string }[] };
  for (const { user, group } of [BUILDER, AUDITOR]) {
    if (users.some(({ name }) => name === user)) continue;
    const words = ['user', 'add', user, '--group', group, '--password-stdin'];
    requireSuccess(await runCli(settingsFile, words, { input: of(user).password }));
  }
  return { builder: of(BUILDER.user), auditor: of(AUDITOR.user) };
}
