import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { PushItem } from '../../src/audit/audit.ts';
import { createSkopeo, type Skopeo } from '../support/clients.ts';
import { describeNeeding } from '../support/needs.ts';
import { requireSuccess } from '../support/process.ts';
import { ALICE, basic, CAROL, digestOf, eventually, HANGS_MS, openSite, type Site } from './site.ts';

describeNeeding(
  ['docker-registry', 'root', 'ip', 'nsenter', 'skopeo'],
  'two hosts with the same user, of which one may push',
  () => {
    let site: Site;
    let status: readonly number[];

    beforeAll(async () => {
      site = await openSite();
      const layout = site.newLayout();
      layout.image({}, 'v1');
      // One login for both hosts: what differs is the address alone.
      const folder = site.temp.at('alice');
      const client = (host: Site['builder']): Skopeo => createSkopeo({ folder, host, timeoutMs: HANGS_MS });
      requireSuccess(await client(site.laptop).login(site.warden.address, ALICE));
      const pushed = [];
      for (const host of [site.laptop, site.builder]) {
        pushed.push(await client(host).push(layout.reference('v1'), `${site.image('team/app')}:v1`));
      }
      status = pushed.map((result) => result.status);
    }, 120_000);

    afterAll(async () => {
      await site?.stop();
    }, 60_000);

    it('lets the one push and not the other', () => {
      expect(status).toEqual([1, 0]);
    });

    it('has the host and the address of the push on record, and of the refusal', async () => {
      const digest = await digestOf(site, 'team/app', 'v1');
      const accepted = {
        type: 'push.accepted',
        actor: { sub: 'alice' },
        subject: { repo: 'team/app', digest },
        peer: { ip: site.builder.address, host: 'builder-01' },
      };
      expect(await site.pushes({ result: 'accepted' })).toMatchObject([accepted]);
      for (const filters of [
        { host: 'builder-01' },
        { address: site.builder.address },
        { network: `${site.builder.address}/32`, user: 'alice' },
        { digest, tag: 'v*', repository: 'team/*' },
      ]) {
        expect(await site.pushes(filters as Record<string, string>)).toMatchObject([accepted]);
      }
      const refused = await eventually(
        () => site.pushes({ address: site.laptop.address }),
        (found) => expect(found).toHaveLength(1),
      );
      expect(refused).toMatchObject([
        {
          type: 'push.refused',
          reason: 'POLICY_DENIED',
          actor: { sub: 'alice' },
          subject: { repo: 'team/app' },
        },
      ]);
      expect(refused[0]).not.toHaveProperty('peer.host');
    });

    it('tells the same by the command', async () => {
      const json = requireSuccess(await site.warden.cli(['audit', 'pushes', '--json', '--accepted']));
      const { items } = JSON.parse(json.stdout) as { items: readonly PushItem[] };
      expect(items).toEqual(await site.pushes({ result: 'accepted' }));
      const table = requireSuccess(await site.warden.cli(['audit', 'pushes', '--host', 'builder-01']));
      expect(table.stdout).toContain('team/app');
      expect(table.stdout).toContain('alice');
      expect(table.stdout).toContain(site.builder.address);
      expect(table.stdout).not.toContain(site.laptop.address);
    });

    it.each([
      ['nobody', undefined, 401],
      ['a wrong password', { ...ALICE, password: 'another' }, 401],
      ['who is no auditor', CAROL, 403],
    ])('does not show the record to %s', async (_, credentials, expected) => {
      const answer = await fetch(`${site.warden.url}/api/v1/pushes`, {
        headers: credentials ? { authorization: basic(credentials) } : {},
      });
      expect(answer.status).toBe(expected);
      expect(await answer.text()).not.toContain('team/app');
    });
  },
);
