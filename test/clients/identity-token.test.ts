import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type Client, createDocker } from '../support/clients.ts';
import { startDockerd } from '../support/dockerd.ts';
import { describeNeeding } from '../support/needs.ts';
import { requireSuccess } from '../support/process.ts';
import { ALICE, eventually, HANGS_MS, openSite, type Site, terminal } from './site.ts';

describeNeeding(
  ['docker-registry', 'root', 'ip', 'nsenter', 'skopeo', 'dockerd', 'docker'],
  'a login that docker keeps as an identity token',
  () => {
    let site: Site;
    let docker: Client;
    let source: string;
    let folder: string;

    beforeAll(async () => {
      site = await openSite();
      folder = site.temp.at('docker');
      const engine = site.keep(
        await startDockerd({ host: site.builder, insecureRegistries: [site.warden.address] }),
      );
      docker = createDocker({ folder, host: site.builder, socket: engine.socket, timeoutMs: HANGS_MS });
      const layout = site.newLayout();
      layout.image({}, 'v1');
      source = layout.reference('v1');
      requireSuccess(await docker.login(site.warden.address, ALICE));
    }, 120_000);

    afterAll(async () => {
      await site?.stop();
    }, 60_000);

    const push = (name: string) => docker.push(source, `${site.image(`team/${name}`)}:v1`);
    /** Requests for a token that carried a form, as those with a refresh token do. */
    const refreshes = () =>
      site.warden.logLines().filter((line) => line['route'] === 'token' && line['method'] === 'POST');
    function identityToken(): string {
      const config = JSON.parse(readFileSync(join(folder, 'config', 'config.json'), 'utf8')) as {
        auths: Record<string, { auth: string; identitytoken?: string }>;
      };
      return config.auths[site.warden.address]?.identitytoken ?? '';
    }

    it('keeps no password on the disk', () => {
      const config = readFileSync(join(folder, 'config', 'config.json'), 'utf8');
      expect(identityToken()).not.toBe('');
      const { auths } = JSON.parse(config) as { auths: Record<string, { auth: string }> };
      const kept = Buffer.from(auths[site.warden.address]?.auth ?? '', 'base64').toString();
      expect(kept.startsWith('alice:')).toBe(true);
      expect(kept).not.toContain(ALICE.password);
    });

    it('is good for a push', async () => {
      requireSuccess(await push('one'));
      expect(refreshes().length).toBeGreaterThan(0);
      for (const line of refreshes()) expect(line).toMatchObject({ status: 200, subject: 'alice' });
      expect(await site.pushes({ repository: 'team/one' })).toMatchObject([
        { type: 'push.accepted', actor: { sub: 'alice', groups: ['ci'] } },
      ]);
    });

    it('outlives a restart of Warden', async () => {
      const before = refreshes().length;
      await site.warden.restart();
      requireSuccess(await push('two'));
      expect(refreshes().length).toBeGreaterThan(before);
    });

    it('is in no log', () => {
      expect(site.warden.log()).not.toContain(identityToken());
      expect(site.warden.log()).not.toContain(ALICE.password);
    });

    it('ends when the password is changed', async () => {
      const changed = { ...ALICE, password: 'another pass word' };
      const flags = ['--password-stdin'];
      requireSuccess(
        await site.warden.cli(['user', 'passwd', 'alice', ...flags], { input: changed.password }),
      );
      // The file is looked at once a second, when somebody comes.
      await eventually(
        () =>
          fetch(`${site.warden.url}/token`, {
            method: 'POST',
            body: new URLSearchParams({
              grant_type: 'refresh_token',
              service: site.warden.address,
              client_id: 'test',
              refresh_token: identityToken(),
            }),
          }),
        ({ status }) => expect(status).toBe(401),
      );
      const refused = await push('three');
      expect(refused.status).not.toBe(0);
      expect(terminal(refused)).toContain('the login has ended; log in again');
      expect(await site.pushes({ repository: 'team/three' })).toEqual([]);
      requireSuccess(await docker.login(site.warden.address, changed));
      requireSuccess(await push('three'));
    });

    it('ends for good when it is given back, also for whoever has copied it', async () => {
      const copied = identityToken();
      const body = new URLSearchParams({ token: copied });
      const answer = await fetch(`${site.warden.url}/token/revoke`, { method: 'POST', body });
      expect(answer.status).toBe(200);
      const refused = await push('four');
      expect(refused.status).not.toBe(0);
      expect(terminal(refused)).toContain('the login has ended; log in again');
      expect(await site.pushes({ repository: 'team/four' })).toEqual([]);
    });
  },
);
