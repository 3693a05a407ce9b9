/** What docs/operating.md says of a registry that moves behind Warden with its images. */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { createSkopeo } from '../support/clients.ts';
import { createLayout } from '../support/image.ts';
import { describeNeeding } from '../support/needs.ts';
import { requireSuccess } from '../support/process.ts';
import { startRegistry } from '../support/registry.ts';
import { makeTemp } from '../support/temp.ts';
import { startWarden } from '../support/warden.ts';
import { ROOT } from './blocks.ts';

describeNeeding(['docker-registry', 'skopeo'], 'a registry that was there before', () => {
  it('keeps its tags, and each is recorded as it was before its first push', async () => {
    const temp = makeTemp('existing');
    const credentials = { user: 'jenkins', password: randomBytes(18).toString('base64url') };
    const skopeo = createSkopeo({ folder: temp.at('skopeo') });
    const layout = createLayout(temp.at('layout'));
    const before = layout.image({}, 'before');
    const after = layout.image({}, 'after');
    const storage = temp.at('storage');
    const bare = await startRegistry({ storage });
    try {
      requireSuccess(await skopeo.push(layout.reference('before'), `${bare.address}/team/app:1`));
    } finally {
      await bare.stop();
    }
    const warden = await startWarden({
      policy: readFileSync(join(ROOT, 'policies/default.yaml'), 'utf8'),
      users: [{ name: credentials.user, password: credentials.password, groups: ['ci'] }],
      registry: { storage },
    });
    try {
      requireSuccess(await skopeo.pull(`${warden.address}/team/app:1`));
      requireSuccess(await skopeo.login(warden.address, credentials));
      requireSuccess(await skopeo.push(layout.reference('after'), `${warden.address}/team/app:1`));
      const { stdout } = await warden.cli(['audit', 'pushes', '--repository', 'team/app', '--json']);
      const { items } = JSON.parse(stdout) as {
        items: readonly { type: string; subject: { digest?: string }; tag: { from?: string } }[];
      };
      expect(items.map(({ type, subject, tag }) => [type, subject.digest, tag.from])).toEqual([
        ['push.accepted', after.digest, before.digest],
        ['tag.drift', before.digest, undefined],
      ]);
    } finally {
      await warden.stop();
      await temp.stop();
    }
  }, 120_000);
});
