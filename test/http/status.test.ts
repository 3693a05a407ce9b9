import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Status } from '../../src/http/api/status.ts';
import { eventually } from '../gate/eventually.ts';
import { type Front, POLICY, startFront } from '../gate/front.ts';
import { describeNeeding } from '../support/needs.ts';
import { freePort } from '../support/ports.ts';

describeNeeding(['docker-registry'], 'what needs somebody’s eyes', () => {
  let front: Front;
  beforeAll(async () => {
    front = await startFront({
      users: ['alice', 'carol', 'erin'],
      policy: `${POLICY}
  - id: leads
    allow: [audit]
    repositories: ["team/**"]
    who: { groups: [security] }
`,
      settings: {
        transparency: { origin: 'registry.corp/log', keyFile: 'log.pem', lockFile: 'log.lock' },
        forward: [{ name: 'siem', syslog: { host: '127.0.0.1', port: await freePort() } }],
      },
    });
  }, 60_000);
  afterAll(() => front?.stop());

  const ask = (user: 'alice' | 'carol' | 'erin') =>
    front.ask({ path: '/api/v1/status', basic: { user, password: front.passwords[user] } });
  const status = async (): Promise<Status> => JSON.parse((await ask('erin')).text) as Status;

  test('is told to those who read everything, and to nobody else', async () => {
    for (const user of ['alice', 'carol'] as const) {
      const reply = await ask(user);
      expect([user, reply.status, /"record"/.test(reply.text)]).toEqual([user, 403, false]);
    }
    expect((await front.ask({ path: '/api/v1/status' })).status).toBe(401);
  });

  test('is that of the record, its tree, its disk and what ends', async () => {
    const found = await eventually(status, ({ tree }) => tree?.signed !== undefined);
    expect(found.record).toMatchObject({ writable: true, unsettled: 0 });
    expect(found.record.entries).toBeGreaterThan(0);
    expect(found.disk.freeBytes).toBeGreaterThan(0);
    expect(found.tree).not.toHaveProperty('cosigned');
    expect(found.certificates.map(({ use }) => use)).toEqual(['registry']);
    expect(found.robots).toEqual({ days: 14, expiring: 0 });
    expect(found.troubles).toEqual([]);
  });

  test('a destination that takes no records is told with the reason, and how much it lacks', async () => {
    const found = await eventually(status, ({ forwarding }) => forwarding[0]?.problem !== undefined);
    expect(found.forwarding).toEqual([
      { destination: 'siem', behind: expect.any(Number), problem: expect.stringMatching(/ECONNREFUSED/) },
    ]);
    expect(found.forwarding[0]?.behind).toBeGreaterThan(0);
  });

  test('a policy that is refused, and a registry that is away, are troubles', async () => {
    writeFileSync(join(front.warden.folder, 'policy.yaml'), 'rules: 1\n');
    await front.registry.stop();
    const found = await eventually(status, ({ troubles }) => troubles.length === 2);
    expect(found.troubles).toEqual(['registry-away', 'policy-refused']);
    expect(found.record.writable).toBe(true);
  });
});
