/** Every kind of identity that Warden knows, each by a client that logs in with it and pushes. */
import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import { request } from 'node:https';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { PushItem } from '../../src/audit/audit.ts';
import { documented } from '../oidc/settings-of.ts';
import { AUDIENCE, GITLAB } from '../oidc/shapes.ts';
import { type Authority, makeAuthority } from '../support/authority.ts';
import type { Client, Credentials } from '../support/clients.ts';
import { type Host, makeHosts } from '../support/hosts.ts';
import { createLayout } from '../support/image.ts';
import { type Issuer, startIssuer } from '../support/issuer.ts';
import { describeNeeding, type Need } from '../support/needs.ts';
import { requireSuccess } from '../support/process.ts';
import { dnOf, GROUPS, group, PEOPLE, person, startSlapd } from '../support/slapd.ts';
import { makeTemp, type Temp } from '../support/temp.ts';
import { type RunningWarden, startWarden } from '../support/warden.ts';
import { ALICE, basic } from './site.ts';

const PASSWORD = 'a pass word of gwen';
/** Only to be allowed to make robots. */
const KEEPER = { user: 'keeper', password: 'a pass word of keeper' };
const NEEDED = ['docker-registry', 'root', 'ip', 'nsenter', 'openssl', 'slapd', 'ldapadd'] as const;

/** Where a client of a suite runs, and what it trusts. */
export interface LoginSite {
  readonly temp: Temp;
  readonly builder: Host;
  readonly warden: RunningWarden;
  /** With ca.crt, client.cert and client.key. */
  readonly certificates: string;
  /** Stops what it is given before everything else. */
  keep<T extends { stop(): Promise<void> }>(thing: T): T;
}

interface Identity {
  /** For the repository; undefined: without a login. */
  readonly credentials: (repository: string) => Promise<Credentials | undefined>;
  readonly repository?: string;
  /** The actor of the record. */
  readonly actor: Readonly<Record<string, unknown>>;
}

/** @param only some of the identities, where all would take too long. */
export function describeLogins(
  name: string,
  needs: readonly Need[],
  create: (site: LoginSite) => Promise<Client>,
  only?: readonly string[],
): void {
  describeNeeding([...NEEDED, ...needs], `${name} logs in`, () => {
    const endings = new AsyncDisposableStack();
    let authority: Authority;
    let issuer: Issuer;
    let warden: RunningWarden;
    let client: Client;
    let source: string;

    beforeAll(async () => {
      const temp = makeTemp('logins');
      endings.defer(() => temp.stop());
      const hosts = await makeHosts(['builder']);
      endings.defer(() => hosts.stop());
      const { builder } = hosts.host;
      authority = await makeAuthority(temp.path, 'ca');
      const server = await authority.sign('server', [], {
        extensions: [`subjectAltName=IP:${hosts.lan}`, 'extendedKeyUsage=serverAuth'],
      });
      const machine = await authority.sign('builder', ['builder-01.corp']);
      issuer = await startIssuer();
      endings.defer(() => issuer.stop());
      const slapd = await startSlapd({
        ldif: [person('gwen', PASSWORD), group('ci', [dnOf('gwen')])].join('\n'),
      });
      endings.defer(() => slapd.stop());
      warden = await startWarden({
        policy: policyFor(builder.address),
        users: [
          { name: ALICE.user, password: ALICE.password, groups: ['ci'] },
          { name: KEEPER.user, password: KEEPER.password, groups: ['ci', 'keepers'] },
        ],
        host: hosts.lan,
        scheme: 'https',
        settings: {
          listen: { tls: server },
          clientCertificates: { caFile: authority.certificateFile },
          ldap: {
            servers: [`ldap://127.0.0.1:${slapd.port}`],
            allowPlaintext: true,
            users: { base: PEOPLE },
            groups: { base: GROUPS },
          },
          oidc: [
            {
              ...documented('gitlab'),
              issuer: issuer.url,
              audiences: [AUDIENCE],
              groups: { always: ['ci'] },
              users: ['jwt', 'oidc', '<token>', 'gitlab-ci-token'],
            },
          ],
        },
      });
      endings.defer(() => warden.stop());
      const certificates = temp.at('certificates', warden.address);
      mkdirSync(certificates, { recursive: true });
      copyFileSync(authority.certificateFile, `${certificates}/ca.crt`);
      copyFileSync(machine.certificateFile, `${certificates}/client.cert`);
      copyFileSync(machine.keyFile, `${certificates}/client.key`);
      const layout = createLayout(temp.at('layout'));
      layout.image({}, 'v1');
      source = layout.reference('v1');
      const keep: LoginSite['keep'] = (thing) => {
        endings.defer(() => thing.stop());
        return thing;
      };
      client = await create({ temp, builder, warden, certificates, keep });
    }, 120_000);
    afterAll(() => endings.disposeAsync(), 60_000);

    /** Asks the API, as somebody with a password. */
    function ask(path: string, who: Credentials, body: unknown): Promise<Readonly<Record<string, unknown>>> {
      const text = JSON.stringify(body);
      return new Promise((resolve, reject) => {
        const sent = request(`${warden.url}${path}`, {
          method: 'POST',
          ca: readFileSync(authority.certificateFile),
          headers: {
            authorization: basic(who),
            'content-type': 'application/json',
            'content-length': Buffer.byteLength(text),
          },
        });
        sent.on('response', (answer) => {
          let said = '';
          answer.on('data', (part: Buffer) => {
            said += part;
          });
          answer.on('end', () =>
            answer.statusCode === 201
              ? resolve(JSON.parse(said))
              : reject(new Error(`${path} answered ${answer.statusCode}: ${said}`)),
          );
        });
        sent.on('error', reject);
        sent.end(text);
      });
    }

    const build = (user: string): Identity => ({
      credentials: async () => ({ user, password: await issuer.token(GITLAB) }),
      actor: { kind: 'build', method: 'oidc', evidence: 'verified' },
    });
    const identities: Readonly<Record<string, Identity>> = {
      'a user of the file': {
        credentials: async () => ALICE,
        actor: { sub: 'alice', kind: 'person', method: 'password' },
      },
      'somebody of the directory': {
        credentials: async () => ({ user: 'gwen', password: PASSWORD }),
        actor: { sub: 'gwen', kind: 'person', method: 'ldap' },
      },
      'an id token under the name jwt': build('jwt'),
      'an id token under the name oidc': build('oidc'),
      'an id token under the name <token>': build('<token>'),
      'an id token under a name of the settings': build('gitlab-ci-token'),
      'a robot': {
        async credentials() {
          const robot = { name: 'shop', groups: ['ci'], repositories: ['team/**'], days: 1 };
          const { secret } = await ask('/api/v1/robots', KEEPER, robot);
          return { user: 'shop', password: String(secret) };
        },
        actor: { sub: 'shop', kind: 'robot', method: 'robot' },
      },
      'a push grant': {
        async credentials(name) {
          const asked = { repositories: [name], host: 'builder-01', job: 'shop', number: 7 };
          const { user, password } = await ask('/api/v1/grants', ALICE, asked);
          return { user: String(user), password: String(password) };
        },
        actor: { sub: 'alice', kind: 'person', method: 'grant' },
      },
      'the certificate of its machine alone': {
        credentials: async () => undefined,
        repository: 'machines',
        actor: { sub: '', kind: 'anonymous' },
      },
    };

    const chosen = Object.entries(identities).filter(([what]) => only?.includes(what) ?? true);
    it.each(chosen)('as %s', async (what, { credentials, repository = 'team', actor }) => {
      const name = `${repository}/${what.replace(/[^a-z]+/g, '-').replace(/-$/, '')}`;
      const given = await credentials(name);
      if (given) requireSuccess(await client.login(warden.address, given));
      try {
        requireSuccess(await client.push(source, `${warden.address}/${name}:v1`));
      } finally {
        if (given) await client.logout(warden.address);
      }
      const told = await warden.cli(['audit', 'pushes', '--accepted', '--json', '--repository', name]);
      const { items } = JSON.parse(requireSuccess(told).stdout) as { items: readonly PushItem[] };
      expect(items).toMatchObject([{ actor, peer: { host: 'builder-01', hostBy: 'mtls' } }]);
    });
  });
}

function policyFor(builder: string): string {
  return `
hosts:
  builder-01: { addresses: [${builder}], certificate: builder-01.corp }
rules:
  - { id: pulls, allow: [pull], repositories: ["**"] }
  - { id: ci, allow: [push], repositories: ["team/**"], who: { groups: [ci] }, from: [builder-01] }
  - { id: machines, allow: [push], repositories: ["machines/**"], from: { certificate: builder-*.corp } }
  - { id: robots, allow: [robots], repositories: ["**"], who: { groups: [keepers] } }
`;
}
