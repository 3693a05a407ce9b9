import { randomBytes } from 'node:crypto';
import { appendFileSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, type SecureVersion, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { PushItem } from '../../src/audit/audit.ts';
import { type Authority, makeAuthority, type Signed } from '../support/authority.ts';
import { createSkopeo } from '../support/clients.ts';
import { createLayout } from '../support/image.ts';
import { describeNeeding } from '../support/needs.ts';
import { freePort } from '../support/ports.ts';
import { type Child, requireSuccess, startChild } from '../support/process.ts';
import { makeTemp } from '../support/temp.ts';
import { type RunningWarden, startWarden } from '../support/warden.ts';

const PROXY = '127.0.0.9';
const ELSEWHERE = '127.0.0.6';

const POLICY = `
hosts:
  jenkins-02: { addresses: [127.0.0.1], certificate: jenkins-02.corp }
  nomad: { certificate: nomad.corp }
rules:
  - { id: pulls, allow: [pull], repositories: ["**"] }
  - { id: both, allow: [push], repositories: ["both/**"], from: [jenkins-02] }
  - { id: alone, allow: [push], repositories: ["alone/**"], from: [nomad] }
  - { id: pattern, allow: [push], repositories: ["pattern/**"], from: { certificate: jenkins-*.corp } }
  - { id: named, allow: [push], repositories: ["named/**"], who: { certificates: [nomad.corp] } }
  - { id: audit, allow: [audit], repositories: ["**"] }
`;

interface Asked {
  readonly signed?: Signed | undefined;
  readonly from?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  readonly method?: string;
  readonly agent?: Agent;
}

describeNeeding(
  ['docker-registry', 'openssl', 'skopeo', 'nginx', 'haproxy'],
  'a client with a certificate',
  () => {
    const temp = makeTemp('client-certificates');
    let warden: RunningWarden;
    let nginx: Child | undefined;
    let proxied: string;
    let root: Authority;
    let server: Signed;
    let jenkins: Signed;
    let nomad: Signed;

    const listed = temp.at('crl.pem');

    beforeAll(async () => {
      root = await makeAuthority(temp.path, 'root');
      const own = ['subjectAltName=IP:127.0.0.1', 'extendedKeyUsage=serverAuth'];
      server = await root.sign('server', [], { extensions: own });
      jenkins = await root.sign('jenkins-02', ['jenkins-02.corp', 'jenkins-02']);
      nomad = await root.sign('nomad', ['nomad.corp']);
      writeFileSync(listed, await root.list());
      warden = await startWarden({
        policy: POLICY,
        users: [{ name: 'alice', password: randomBytes(12).toString('base64url') }],
        scheme: 'https',
        settings: {
          listen: { tls: server },
          trustedProxies: [PROXY],
          clientCertificates: { caFile: root.certificateFile, crlFile: listed, proxyHeader: 'client-cert' },
        },
      });
      const port = await freePort();
      proxied = `https://127.0.0.1:${port}`;
      writeFileSync(
        temp.at('nginx.conf'),
        `daemon off; worker_processes 1; pid ${temp.at('nginx.pid')}; error_log stderr error; user root;
events {}
http {
  access_log off;
  client_body_temp_path ${temp.at('body')}; proxy_temp_path ${temp.at('proxy')};
  fastcgi_temp_path ${temp.at('f')}; uwsgi_temp_path ${temp.at('u')}; scgi_temp_path ${temp.at('s')};
  server {
    listen 127.0.0.1:${port} ssl;
    ssl_certificate ${server.certificateFile}; ssl_certificate_key ${server.keyFile};
    ssl_verify_client optional_no_ca;
    location / {
      proxy_pass https://${warden.address};
      proxy_bind ${PROXY};
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header Client-Cert $ssl_client_escaped_cert;
    }
  }
}
`,
      );
      nginx = await startChild('nginx', ['-p', temp.path, '-c', temp.at('nginx.conf'), '-e', 'stderr']);
      await nginx.waitForPort(port);
    }, 60_000);
    afterAll(async () => {
      await nginx?.stop();
      await warden?.stop();
      await temp.stop();
    }, 30_000);

    const agentFor = ({ signed, from }: Asked): Agent =>
      new Agent({
        ca: readFileSync(root.certificateFile),
        keepAlive: true,
        maxSockets: 1,
        ...(from !== undefined && { localAddress: from }),
        ...(signed && { cert: readFileSync(signed.certificateFile), key: readFileSync(signed.keyFile) }),
      });

    function ask(
      url: string,
      asked: Asked = {},
    ): Promise<{ readonly status: number; readonly text: string }> {
      const { method = 'GET', headers = {}, agent = agentFor(asked) } = asked;
      return new Promise((resolve, reject) => {
        const sent = request(
          url,
          { agent, method, headers: { ...headers, 'content-length': 0 } },
          (answer) => {
            const parts: Buffer[] = [];
            answer.on('data', (part: Buffer) => parts.push(part));
            answer.on('end', () => {
              if (asked.agent === undefined) agent.destroy();
              resolve({ status: answer.statusCode ?? 0, text: Buffer.concat(parts).toString() });
            });
          },
        );
        sent.on('error', reject);
        sent.end();
      });
    }

    /** The status of the start of an upload: 202 where the push is allowed. */
    async function push(repository: string, asked: Asked = {}, url = warden.url): Promise<number> {
      const scope = `service=${warden.address}&scope=repository:${repository}:pull,push`;
      const given = await ask(`${url}/token?${scope}`, asked);
      const { token } = JSON.parse(given.text) as { token: string };
      const headers = { ...asked.headers, authorization: `Bearer ${token}` };
      const started = await ask(`${url}/v2/${repository}/blobs/uploads/`, {
        ...asked,
        headers,
        method: 'POST',
      });
      return started.status;
    }

    /** Whatever its certificate: 404 for a tag that is not there, where pulls are served. */
    async function pull(asked: Asked): Promise<number> {
      const given = await ask(
        `${warden.url}/token?service=${warden.address}&scope=repository:both/x:pull`,
        asked,
      );
      const { token } = JSON.parse(given.text) as { token: string };
      const headers = { authorization: `Bearer ${token}` };
      return (await ask(`${warden.url}/v2/both/x/manifests/none`, { ...asked, headers })).status;
    }

    /** An agent whose connection goes on with the session of one that was shown the certificate. */
    async function resumed(maxVersion: SecureVersion) {
      const options = {
        host: '127.0.0.1',
        port: warden.port,
        ca: readFileSync(root.certificateFile),
        cert: readFileSync(jenkins.certificateFile),
        key: readFileSync(jenkins.keyFile),
        maxVersion,
      };
      const session = await new Promise<Buffer>((resolve, reject) => {
        const first = connect(options, () => first.write('GET /v2/ HTTP/1.1\r\nHost: x\r\n\r\n'));
        first.once('error', reject);
        // The tickets of TLS 1.3 come behind the handshake.
        first.on('session', (ticket: Buffer) => {
          resolve(ticket);
          setTimeout(() => first.destroy(), 100);
        });
      });
      const agent = new Agent({ ...options, keepAlive: true, maxSockets: 1, session });
      let seen: boolean | undefined;
      agent.on('free', (socket: TLSSocket) => {
        seen = socket.isSessionReused();
      });
      return { agent, reused: () => seen };
    }

    async function until(what: () => Promise<boolean>): Promise<void> {
      for (let tries = 0; tries < 100 && !(await what()); tries++) await sleep(100);
      expect(await what()).toBe(true);
    }

    const metric = async (outcome: string): Promise<number> => {
      const text = await (await fetch(`${warden.operationsUrl}/metrics`)).text();
      const line = `warden_client_certificates_total{outcome="${outcome}"} `;
      return Number(
        text
          .split('\n')
          .find((one) => one.startsWith(line))
          ?.slice(line.length) ?? 0,
      );
    };

    it('is the machine of its name, where rules ask for it', async () => {
      expect(await push('both/x', { signed: jenkins })).toBe(202);
      expect(await push('pattern/x', { signed: jenkins })).toBe(202);
      expect(await push('alone/x', { signed: nomad, from: ELSEWHERE })).toBe(202);
      expect(await push('named/x', { signed: nomad })).toBe(202);
      expect(await push('both/x', { signed: nomad })).toBe(403);
      expect(await push('pattern/x', { signed: nomad })).toBe(403);
      expect(await push('named/x', { signed: jenkins })).toBe(403);
    });

    it('is that host only from its addresses, where those are named besides', async () => {
      expect(await push('both/x', { signed: jenkins, from: ELSEWHERE })).toBe(403);
      expect(await push('both/x', {})).toBe(403);
    });

    it('shows one that does not hold, and is served as without one', async () => {
      const stranger = await makeAuthority(temp.path, 'stranger');
      const bad: readonly (readonly [string, Signed])[] = [
        ['issuer', await stranger.sign('theirs', ['jenkins-02.corp'])],
        [
          'time',
          await root.sign('old', ['jenkins-02.corp'], { from: '20200101000000Z', until: '20210101000000Z' }),
        ],
        [
          'unfit',
          await root.sign('server too', ['jenkins-02.corp'], { extensions: ['extendedKeyUsage=serverAuth'] }),
        ],
        ['nameless', await root.sign('jenkins-02.corp', [])],
      ];
      for (const [outcome, signed] of bad) {
        const before = await metric(outcome);
        expect([outcome, await pull({ signed }), await push('both/x', { signed })]).toEqual([
          outcome,
          404,
          403,
        ]);
        expect(await metric(outcome)).toBeGreaterThan(before);
      }
      const told = () =>
        warden
          .logLines()
          .filter(({ msg }) => String(msg).startsWith("a client's certificate counts as none"));
      await until(async () => told().length >= bad.length);
    });

    it.each(['TLSv1.2', 'TLSv1.3'] as const)(
      'keeps its name in a session that is resumed: %s',
      async (version) => {
        const { agent, reused } = await resumed(version);
        expect([await push('both/x', { agent }), reused()]).toEqual([202, true]);
        agent.destroy();
      },
    );

    it('is on the record with its name, as proven', async () => {
      const certs = temp.at('certs');
      mkdirSync(certs);
      copyFileSync(root.certificateFile, `${certs}/ca.crt`);
      copyFileSync(jenkins.certificateFile, `${certs}/client.cert`);
      copyFileSync(jenkins.keyFile, `${certs}/client.key`);
      const layout = createLayout(temp.at('layout'));
      layout.image({}, 'v1');
      const skopeo = createSkopeo({ folder: temp.at('skopeo'), certificates: certs });
      requireSuccess(await skopeo.push(layout.reference('v1'), `${warden.address}/both/app:v1`));
      const shown = await warden.cli(['audit', 'pushes', '--json', '--repository', 'both/app']);
      const { items: pushes } = JSON.parse(requireSuccess(shown).stdout) as { items: readonly PushItem[] };
      expect(pushes).toMatchObject([
        {
          type: 'push.accepted',
          peer: {
            ip: '127.0.0.1',
            host: 'jenkins-02',
            hostBy: 'mtls',
            tls: {
              version: 'TLSv1.3',
              certSha256: expect.stringMatching(/^[0-9a-f]{64}$/),
              names: ['jenkins-02.corp', 'jenkins-02'],
            },
          },
        },
      ]);
    });

    it('proves itself to an nginx, which hands the whole certificate on', async () => {
      expect(await push('both/x', { signed: jenkins }, proxied)).toBe(202);
      expect(await push('both/x', {}, proxied)).toBe(403);
      const stranger = await makeAuthority(temp.path, 'other stranger');
      const theirs = await stranger.sign('theirs', ['jenkins-02.corp']);
      expect(await push('both/x', { signed: theirs }, proxied)).toBe(403);
    });

    it('proves itself to an HAProxy, which hands it on in the form of RFC 9440', async () => {
      const port = await freePort();
      writeFileSync(
        temp.at('haproxy.pem'),
        readFileSync(server.certificateFile, 'utf8') + readFileSync(server.keyFile, 'utf8'),
      );
      // What docs/client-certificates.md says.
      const page = readFileSync(new URL('../../docs/client-certificates.md', import.meta.url), 'utf8');
      const [, bind = ''] = /`bind :5000 ([^`]+)`/.exec(page) ?? [];
      const [, lines = ''] = /```text\n(http-request[\s\S]*?)```/.exec(page) ?? [];
      expect([bind, lines]).not.toContain('');
      const options = bind
        .replace('registry.pem', temp.at('haproxy.pem'))
        .replace('machines-ca.pem', root.certificateFile);
      writeFileSync(
        temp.at('haproxy.cfg'),
        `global
  tune.bufsize 65536
defaults
  mode http
  timeout connect 5s
  timeout client 30s
  timeout server 30s
frontend clients
  bind 127.0.0.1:${port} ${options}
  option forwardfor
  http-request set-header X-Forwarded-Proto https
${lines.replace(/^/gm, '  ')}
  default_backend warden
backend warden
  source ${PROXY}
  server warden ${warden.address} ssl verify none
`,
      );
      const haproxy = await startChild('haproxy', ['-db', '-f', temp.at('haproxy.cfg')]);
      try {
        await haproxy.waitForPort(port);
        const url = `https://127.0.0.1:${port}`;
        const spoofed = `:${readFileSync(jenkins.certificateFile, 'utf8').replace(/-----[^-]+-----|\n/g, '')}:`;
        const stranger = await makeAuthority(temp.path, 'stranger of haproxy');
        const theirs = await stranger.sign('theirs', ['jenkins-02.corp']);
        expect([
          await push('both/x', { signed: jenkins }, url),
          await push('both/x', {}, url),
          await push('both/x', { headers: { 'client-cert': spoofed } }, url),
          await push('both/x', { signed: theirs }, url),
        ]).toEqual([202, 403, 403, 403]);
      } finally {
        await haproxy.stop();
      }
    });

    it('is not whom a header names that no listed proxy sent', async () => {
      const spoofed = encodeURIComponent(readFileSync(jenkins.certificateFile, 'utf8'));
      const headers = { 'client-cert': spoofed };
      expect(await push('both/x', { headers })).toBe(403);
      expect(await push('both/x', { headers, signed: nomad })).toBe(403);
      // nginx puts its own in the place of the client's, also where there is none.
      expect(await push('both/x', { headers }, proxied)).toBe(403);
      // The certificate of a proxy's own connection is not the client's.
      expect(await push('both/x', { signed: jenkins, from: PROXY })).toBe(403);
    });

    it('is revoked for what is open already, when the list says so', async () => {
      const agent = agentFor({ signed: jenkins });
      expect(await push('both/x', { signed: jenkins, agent })).toBe(202);
      const sessions = [await resumed('TLSv1.2'), await resumed('TLSv1.3')];
      await root.revoke(jenkins);
      writeFileSync(listed, await root.list());
      let status = 202;
      for (let tries = 0; tries < 100 && status === 202; tries++) {
        await sleep(100);
        status = await push('both/x', { signed: jenkins, agent });
      }
      expect(status).toBe(403);
      expect([
        await push('both/x', { signed: jenkins }),
        await push('both/x', { signed: jenkins }, proxied),
      ]).toEqual([403, 403]);
      for (const { agent: again, reused } of sessions) {
        expect([await push('both/x', { agent: again }), reused()]).toEqual([403, true]);
        again.destroy();
      }
      expect(await pull({ signed: jenkins, agent })).toBe(404);
      expect(await push('named/x', { signed: nomad })).toBe(202);
      agent.destroy();
    });

    it('is told of, and goes on, where the list on disk is broken; and counts as none when it has ended', async () => {
      appendFileSync(listed, '-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n');
      const gauge = async (name: string): Promise<number> => {
        const text = await (await fetch(`${warden.operationsUrl}/metrics`)).text();
        return Number(new RegExp(`^${name} (.*)$`, 'm').exec(text)?.[1]);
      };
      await until(async () => (await gauge('warden_client_authorities_reload_failed')) === 1);
      expect(await push('named/x', { signed: nomad })).toBe(202);
      writeFileSync(listed, await root.list({ until: '20210101000000Z' }));
      await until(async () => (await push('named/x', { signed: nomad })) === 403);
      expect(await gauge('warden_client_crl_expires_timestamp_seconds')).toBe(Date.UTC(2021, 0) / 1000);
      expect(await metric('unlisted')).toBeGreaterThan(0);
      expect(await pull({ signed: nomad })).toBe(404);
    });
  },
);
