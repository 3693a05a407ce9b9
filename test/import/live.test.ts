/** What was imported, in force: passwords of docker_auth log in, and the rules hold, before a real registry. */
import { writeFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { importDockerAuth } from '../../src/import/docker-auth.ts';
import { createSkopeo } from '../support/clients.ts';
import { createLayout } from '../support/image.ts';
import { describeNeeding } from '../support/needs.ts';
import { requireSuccess } from '../support/process.ts';
import { makeTemp } from '../support/temp.ts';
import { startWarden } from '../support/warden.ts';

/** The user and the hash of docker_auth's own example. */
const CONFIG = `users:
  admin: { password: "$2y$05$LO.vzwpWC5LZGqThvEfznu8qhb5SGqvBSWY1J3yZ4AxtMRZ3kN5jC" }
  "": {}
acl:
  - match: { account: admin }
    actions: ["*"]
  - match: { name: "secret/*" }
    actions: []
  - match: { account: "" }
    actions: [pull]
`;

describeNeeding(['docker-registry', 'skopeo'], 'users and rules that were imported', () => {
  it('log in with the passwords that they had, and push and pull as they could', async () => {
    const imported = importDockerAuth(CONFIG, 'auth.yml', { service: undefined });
    if (!imported.ok || imported.policy === undefined) throw new Error('the import is not good');
    const temp = makeTemp('imported');
    writeFileSync(temp.at('users.yaml'), imported.users, { mode: 0o600 });
    const admin = createSkopeo({ folder: temp.at('admin') });
    const nobody = createSkopeo({ folder: temp.at('nobody') });
    const layout = createLayout(temp.at('layout'));
    layout.image({}, 'one');
    const warden = await startWarden({ policy: imported.policy, settings: { users: temp.at('users.yaml') } });
    try {
      expect((await admin.login(warden.address, { user: 'admin', password: 'wrong' })).status).not.toBe(0);
      requireSuccess(await admin.login(warden.address, { user: 'admin', password: 'badmin' }));
      for (const name of ['team/app', 'secret/app'])
        requireSuccess(await admin.push(layout.reference('one'), `${warden.address}/${name}:1`));
      requireSuccess(await nobody.pull(`${warden.address}/team/app:1`));
      expect((await nobody.pull(`${warden.address}/secret/app:1`)).status).not.toBe(0);
      const refused = await nobody.push(layout.reference('one'), `${warden.address}/team/app:2`);
      expect(refused.status).not.toBe(0);
    } finally {
      await warden.stop();
      await temp.stop();
    }
  }, 120_000);
});
