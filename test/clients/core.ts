/** What must hold with every client: the same tests for each of them, against each version of the registry. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Client, ClientOptions } from '../support/clients.ts';
import type { Host } from '../support/hosts.ts';
import { describeNeeding, type Need } from '../support/needs.ts';
import { type Result, requireSuccess } from '../support/process.ts';
import {
  ALICE,
  BOB,
  digestOf,
  eventually,
  HANGS_MS,
  MESSAGE,
  openSite,
  type Site,
  terminal,
} from './site.ts';

export interface CoreOptions {
  readonly name: string;
  readonly needs: readonly Need[];
  readonly version: 2 | 3;
  /** Makes the client on a host; what it starts besides is handed to `site.keep`. */
  create(site: Site, options: ClientOptions & { readonly host: Host }): Promise<Client> | Client;
  /** The start of the client's User-Agent at a push. */
  readonly agent: RegExp;
  /** What a wrong password shows; some clients say nothing but their own words. */
  readonly wrongPassword: RegExp;
}

const ALWAYS: readonly Need[] = ['root', 'ip', 'nsenter', 'skopeo'];

export function describeClient({ name, needs, version, create, agent, wrongPassword }: CoreOptions): void {
  const registry: Need = version === 3 ? 'distribution3' : 'docker-registry';
  describeNeeding([registry, ...ALWAYS, ...needs], `${name}, with a registry of version ${version}`, () => {
    let site: Site;
    let onBuilder: Client;
    let onLaptop: Client;
    let source: string;

    beforeAll(async () => {
      site = await openSite({ version });
      const make = (host: Host): Promise<Client> | Client =>
        create(site, { folder: site.temp.at(`client-${host.name}`), host, timeoutMs: HANGS_MS });
      onBuilder = await make(site.builder);
      onLaptop = await make(site.laptop);
      const layout = site.newLayout();
      layout.image({}, 'v1');
      source = layout.reference('v1');
    }, 120_000);

    afterAll(async () => {
      await site?.stop();
    }, 60_000);

    /** The person sees why, and as whom and from where they were seen. */
    function expectRefused(result: Result, host: Host, who: string): void {
      expect(result.status).not.toBe(0);
      const seen = terminal(result).replaceAll('\n', ' ');
      expect(seen).toContain(MESSAGE);
      expect(seen).toContain(`seen: ${who} from ${host.address}`);
    }

    it('pushes as a member of ci from the build host; anyone on the intranet pulls', async () => {
      requireSuccess(await onBuilder.login(site.warden.address, ALICE));
      const reference = `${site.image('team/app')}:v1`;
      requireSuccess(await onBuilder.push(source, reference));
      requireSuccess(await onLaptop.pull(reference));

      const digest = await digestOf(site, 'team/app', 'v1');
      const records = await site.pushes({ repository: 'team/app', result: 'accepted' });
      expect(records).toHaveLength(1);
      expect(records[0]).toMatchObject({
        type: 'push.accepted',
        subject: { repo: 'team/app', digest, layers: 1 },
        tag: { name: 'v1' },
        actor: { sub: 'alice', kind: 'person', method: 'password', groups: ['ci'], evidence: 'verified' },
        peer: {
          ip: site.builder.address,
          host: 'builder-01',
          hostBy: 'allowlist',
          ua: expect.stringMatching(agent),
        },
        token: { ip: site.builder.address },
        policy: { rules: ['ci-pushes'] },
      });
      const laptop = { repository: 'team/app', address: site.laptop.address };
      await eventually(
        () => site.pulls(laptop),
        (rows) => {
          expect(rows.some(({ gets }) => gets > 0)).toBe(true);
          for (const row of rows) expect(row).toMatchObject({ digest, subject: '' });
        },
      );
    });

    describe('is refused, with the reason on the terminal', () => {
      it('as a member of ci from another host', async () => {
        requireSuccess(await onLaptop.login(site.warden.address, ALICE));
        const result = await onLaptop.push(source, `${site.image('team/host')}:v1`);
        requireSuccess(await onLaptop.logout(site.warden.address));
        expectRefused(result, site.laptop, 'alice');
      });

      it('as somebody else from the build host', async () => {
        requireSuccess(await onBuilder.login(site.warden.address, BOB));
        const result = await onBuilder.push(source, `${site.image('team/user')}:v1`);
        requireSuccess(await onBuilder.logout(site.warden.address));
        expectRefused(result, site.builder, 'bob');
      });

      it('without a login, and told to log in', async () => {
        const result = await onBuilder.push(source, `${site.image('team/nobody')}:v1`);
        expectRefused(result, site.builder, 'no login');
        expect(terminal(result)).toContain(`docker login ${site.warden.address}`);
      });

      it('at a login with a wrong password', async () => {
        const result = await onBuilder.login(site.warden.address, { ...ALICE, password: 'another' });
        expect(result.status).not.toBe(0);
        expect(terminal(result)).toMatch(wrongPassword);
      });

      it('at a pull of what only others may see', async () => {
        const result = await onLaptop.pull(`${site.image('secret/plans')}:v1`);
        expect(result.status).not.toBe(0);
        expect(terminal(result)).toContain(`seen: no login from ${site.laptop.address}`);
      });

      it('without trying again, and each is on record', async () => {
        // The image has a layer and a configuration; a client may send both at once.
        const refused = site.requests('POST', 403).length;
        expect(refused).toBeGreaterThanOrEqual(3);
        expect(refused).toBeLessThanOrEqual(3 * 2);
        await eventually(
          () => site.pushes({ result: 'refused' }),
          (records) => {
            const who = records.map((record) => [
              'actor' in record ? record.actor?.sub : undefined,
              'peer' in record ? record.peer?.ip : undefined,
              'subject' in record ? record.subject?.repo : undefined,
            ]);
            expect(who).toHaveLength(3);
            expect(who).toEqual(
              expect.arrayContaining([
                ['alice', site.laptop.address, 'team/host'],
                ['bob', site.builder.address, 'team/user'],
                ['', site.builder.address, 'team/nobody'],
              ]),
            );
          },
        );
        expect(await site.pushes({ result: 'accepted' })).toHaveLength(1);
      });
    });
  });
}
