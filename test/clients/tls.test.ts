import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:tls';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { PushItem } from '../../src/audit/audit.ts';
import { createDocker, createSkopeo, type Skopeo } from '../support/clients.ts';
import { startDockerd } from '../support/dockerd.ts';
import { describeNeeding } from '../support/needs.ts';
import { requireSuccess } from '../support/process.ts';
import { makeCa, makeCertificate } from './certificates.ts';
import { ALICE, AUDREY, eventually, HANGS_MS, openSite, type Site, terminal } from './site.ts';

/** Whose name the certificate has that a new connection is shown. */
function shownName({ host, port }: { readonly host: string; readonly port: number }): Promise<string> {
  return new Promise((resolve, reject) => {
    // What is trusted is not asked here, only what is shown.
    const socket = connect({ host, port, rejectUnauthorized: false }, () => {
      resolve(String(socket.getPeerCertificate().subject.CN));
      socket.destroy();
    });
    socket.once('error', reject);
  });
}

describeNeeding(
  ['docker-registry', 'root', 'ip', 'nsenter', 'openssl', 'skopeo', 'dockerd', 'docker'],
  'over TLS',
  () => {
    let site: Site;
    let source: string;

    beforeAll(async () => {
      site = await openSite({
        scheme: 'https',
        async settings(temp, lan) {
          await makeCa(temp);
          for (const name of ['first', 'second']) await makeCertificate(temp, name, lan);
          copyFileSync(temp.at('first.crt'), temp.at('shown.crt'));
          copyFileSync(temp.at('first.key'), temp.at('shown.key'));
          return {
            listen: { tls: { certificateFile: temp.at('shown.crt'), keyFile: temp.at('shown.key') } },
          };
        },
      });
      const layout = site.newLayout();
      layout.image({}, 'v1');
      source = layout.reference('v1');
    }, 120_000);

    afterAll(async () => {
      await site?.stop();
    }, 60_000);

    it('skopeo pushes and anyone pulls, both with the CA alone', async () => {
      const certificates = site.temp.at('ca');
      const make = (host: Site['builder']): Skopeo =>
        createSkopeo({
          folder: site.temp.at(`skopeo-${host.name}`),
          host,
          certificates,
          timeoutMs: HANGS_MS,
        });
      const builder = make(site.builder);
      requireSuccess(await builder.login(site.warden.address, ALICE));
      requireSuccess(await builder.push(source, `${site.image('team/app')}:v1`));
      requireSuccess(await make(site.laptop).pull(`${site.image('team/app')}:v1`));
    });

    it('the docker engine pushes and pulls, with the CA among those of its machine', async () => {
      const engine = site.keep(
        await startDockerd({ host: site.builder, env: { SSL_CERT_FILE: site.temp.at('ca', 'ca.crt') } }),
      );
      const options = { folder: site.temp.at('docker'), host: site.builder, timeoutMs: HANGS_MS };
      const docker = createDocker({ ...options, socket: engine.socket });
      requireSuccess(await docker.login(site.warden.address, ALICE));
      requireSuccess(await docker.push(source, `${site.image('team/docker')}:v1`));
      requireSuccess(await docker.logout(site.warden.address));
      requireSuccess(await docker.pull(`${site.image('team/docker')}:v1`));
    });

    it('the command asks for the record', async () => {
      const words = [
        'audit',
        'pushes',
        '--json',
        '--url',
        site.warden.url,
        '--ca',
        site.temp.at('ca', 'ca.crt'),
      ];
      const who = ['--user-name', AUDREY.user, '--password-stdin'];
      const answer = await site.warden.cli([...words, ...who], { input: AUDREY.password });
      const { items } = JSON.parse(requireSuccess(answer).stdout) as { items: readonly PushItem[] };
      expect(items).toMatchObject([
        { type: 'push.accepted', subject: { repo: 'team/docker' }, peer: { ip: site.builder.address } },
        { type: 'push.accepted', subject: { repo: 'team/app' }, peer: { ip: site.builder.address } },
      ]);
    });

    it('a client that does not know the CA says so', async () => {
      const certificates = site.temp.at('none');
      mkdirSync(certificates);
      const options = { folder: site.temp.at('stranger'), host: site.laptop, certificates };
      const result = await createSkopeo({ ...options, timeoutMs: HANGS_MS }).pull(
        `${site.image('team/app')}:v1`,
      );
      expect(result.status).not.toBe(0);
      expect(terminal(result)).toMatch(/certificate signed by unknown authority/);
    });

    it('a certificate that is replaced on the disk is shown to new connections, by the same process', async () => {
      const pid = site.warden.pid();
      expect(await shownName(site.warden)).toBe('first');
      copyFileSync(site.temp.at('second.crt'), site.temp.at('shown.crt'));
      copyFileSync(site.temp.at('second.key'), site.temp.at('shown.key'));
      await eventually(
        () => shownName(site.warden),
        (name) => expect(name).toBe('second'),
      );
      expect(site.warden.pid()).toBe(pid);
    });

    it('a broken certificate on the disk changes nothing', async () => {
      writeFileSync(site.temp.at('shown.crt'), 'not a certificate');
      await eventually(
        async () => site.warden.log(),
        (log) => expect(log).toContain('the certificate on disk is refused'),
      );
      expect(await shownName(site.warden)).toBe('second');
    });
  },
);

describeNeeding(
  ['docker-registry', 'root', 'ip', 'nsenter', 'skopeo'],
  'over plain HTTP, where that is not allowed for credentials',
  () => {
    let site: Site;

    beforeAll(async () => {
      site = await openSite({ settings: () => ({}) });
    }, 120_000);

    afterAll(async () => {
      await site?.stop();
    }, 60_000);

    const SENTENCE = 'credentials are accepted only over TLS';

    it('a login is refused with a sentence, whatever the password', async () => {
      const folder = site.temp.at('skopeo');
      const skopeo = createSkopeo({ folder, host: site.builder, timeoutMs: HANGS_MS });
      for (const password of [ALICE.password, 'another']) {
        // The words of `skopeo login` are its own: what `copy` prints is the server's.
        expect((await skopeo.login(site.warden.address, { ...ALICE, password })).status).not.toBe(0);
        const layout = site.newLayout();
        layout.image({}, 'v1');
        const target = `docker://${site.image('team/app')}:v1`;
        const credentials = { ...ALICE, password };
        const result = await skopeo.copy(layout.reference('v1'), target, { credentials });
        expect(result.status).not.toBe(0);
        expect(terminal(result)).toContain(SENTENCE);
      }
    });

    it('an anonymous pull is served: what is missing is told, not a credential', async () => {
      const skopeo = createSkopeo({ folder: site.temp.at('anyone'), host: site.laptop, timeoutMs: HANGS_MS });
      const result = await skopeo.pull(`${site.image('team/app')}:v1`);
      expect(terminal(result)).toMatch(/manifest unknown/);
    });

    it('a refresh token is refused as well', async () => {
      const answer = await fetch(`${site.warden.url}/token`, {
        method: 'POST',
        body: new URLSearchParams({
          grant_type: 'refresh_token',
          service: site.warden.address,
          client_id: 'test',
          refresh_token: 'none',
        }),
      });
      expect(answer.status).toBe(401);
      expect(await answer.text()).toContain(SENTENCE);
    });
  },
);
