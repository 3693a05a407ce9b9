import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { documented } from '../oidc/settings-of.ts';
import { AUDIENCE, GITHUB, GITLAB, JENKINS } from '../oidc/shapes.ts';
import { type Client, createDocker, createPodman, createSkopeo } from '../support/clients.ts';
import { startDockerd } from '../support/dockerd.ts';
import { type Issuer, startIssuer } from '../support/issuer.ts';
import { describeNeeding } from '../support/needs.ts';
import { requireSuccess } from '../support/process.ts';
import { HANGS_MS, openSite, type Site, terminal } from './site.ts';

describeNeeding(
  ['docker-registry', 'root', 'ip', 'nsenter', 'skopeo', 'podman', 'dockerd', 'docker'],
  'a job that logs in with its id token',
  () => {
    let issuer: Issuer;
    let site: Site;
    let docker: Client;
    let source: string;
    let folder: string;

    beforeAll(async () => {
      issuer = await startIssuer();
      site = await openSite({
        settings: () => ({
          allowCredentialsOverHttp: true,
          oidc: [
            {
              ...documented('gitlab'),
              issuer: issuer.url,
              audiences: [AUDIENCE],
              // The groups of the site's policy.
              groups: { always: ['ci'] },
              users: ['jwt', 'oidc', '<token>', 'gitlab-ci-token'],
            },
          ],
        }),
      });
      site.keep(issuer);
      folder = site.temp.at('docker');
      const engine = site.keep(
        await startDockerd({ host: site.builder, insecureRegistries: [site.warden.address] }),
      );
      docker = createDocker({ folder, host: site.builder, socket: engine.socket, timeoutMs: HANGS_MS });
      const layout = site.newLayout();
      layout.image({}, 'v1');
      source = layout.reference('v1');
    }, 120_000);

    afterAll(async () => {
      await site?.stop();
    }, 60_000);

    const login = (client: Client, user: string, password: string) =>
      client.login(site.warden.address, { user, password });
    const push = (client: Client, name: string) => client.push(source, `${site.image(`team/${name}`)}:v1`);

    it.each(['jwt', 'oidc', '<token>', 'gitlab-ci-token'])('with docker under the name %s', async (user) => {
      const name = `docker-${user.replace(/[^a-z]/g, '')}`;
      requireSuccess(await login(docker, user, await issuer.token(GITLAB)));
      requireSuccess(await push(docker, name));
      expect(await site.pushes({ repository: `team/${name}` })).toMatchObject([
        {
          type: 'push.accepted',
          actor: { sub: 'gitlab:project_path:team/app:ref_type:branch:ref:main', kind: 'build' },
        },
      ]);
    });

    it('keeps with docker nothing that outlives the token', async () => {
      const token = await issuer.token(GITLAB);
      requireSuccess(await login(docker, 'jwt', token));
      const { auths } = JSON.parse(readFileSync(join(folder, 'config', 'config.json'), 'utf8')) as {
        auths: Record<string, { auth: string; identitytoken?: string }>;
      };
      expect(auths[site.warden.address]).not.toHaveProperty('identitytoken');
      const kept = Buffer.from(auths[site.warden.address]?.auth ?? '', 'base64').toString();
      expect(kept).toBe(`jwt:${token}`);
    });

    it('sends with docker headers of its own, which stand on record as claims', async () => {
      requireSuccess(await login(docker, 'jwt', await issuer.token(GITLAB)));
      const file = join(folder, 'config', 'config.json');
      expect(existsSync(file)).toBe(true);
      const config = JSON.parse(readFileSync(file, 'utf8')) as object;
      writeFileSync(
        file,
        JSON.stringify({
          ...config,
          HttpHeaders: { 'X-Meta-Jenkins-Job': 'team/app #7', 'X-Meta-Number': '7' },
        }),
      );
      try {
        requireSuccess(await push(docker, 'claims'));
      } finally {
        writeFileSync(file, JSON.stringify(config));
      }
      const [record] = await site.pushes({ repository: 'team/claims' });
      expect(record).toMatchObject({
        meta: { 'jenkins-job': 'team/app #7', number: '7' },
        build: { number: 574, evidence: 'verified' },
      });
    });

    it.each([
      ['Jenkins', JENKINS],
      ['GitHub', GITHUB],
    ])('of the form that %s makes', async (server, claims) => {
      const name = server.toLowerCase();
      requireSuccess(await login(docker, 'jwt', await issuer.token(claims)));
      requireSuccess(await push(docker, name));
      expect(await site.pushes({ repository: `team/${name}` })).toMatchObject([
        { actor: { sub: `gitlab:${claims['sub']}`, kind: 'build' } },
      ]);
    });

    it.each([
      ['skopeo', createSkopeo],
      ['podman', createPodman],
    ])('with %s', async (name, create) => {
      const client = create({ folder: site.temp.at(name), host: site.builder, timeoutMs: HANGS_MS });
      requireSuccess(await login(client, 'jwt', await issuer.token(GITLAB)));
      requireSuccess(await push(client, name));
      expect(await site.pushes({ repository: `team/${name}` })).toMatchObject([
        { type: 'push.accepted', build: { project: 'team/app', number: 574, evidence: 'verified' } },
      ]);
    });

    it('reads why an old one is refused', async () => {
      const now = Math.floor(Date.now() / 1000);
      const old = await issuer.token({ ...GITLAB, iat: now - 300, exp: now - 120 });
      const refused = await login(docker, 'jwt', old);
      expect(refused.status).not.toBe(0);
      expect(terminal(refused)).toContain('the token of gitlab has expired; the build needs a new one');
    });

    it('does not push from a host that is none of the builders', async () => {
      const elsewhere = createSkopeo({
        folder: site.temp.at('elsewhere'),
        host: site.laptop,
        timeoutMs: HANGS_MS,
      });
      requireSuccess(await login(elsewhere, 'jwt', await issuer.token(GITLAB)));
      const refused = await push(elsewhere, 'elsewhere');
      expect(refused.status).not.toBe(0);
      expect(terminal(refused)).toContain('from builders');
    });
  },
);
