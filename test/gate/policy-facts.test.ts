/** Facts of a request that policy judges beside who, from where and what: when it is, and with which program. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { describeNeeding } from '../support/needs.ts';
import { BUILDER, type Front, startFront } from './front.ts';
import { pushImage, putManifest, smallImage } from './images.ts';

/** A window in the time of a zone, so many days from now. */
function window(from: number, to: number): string {
  const local = (days: number): string =>
    new Date(Date.now() + days * 86_400_000)
      .toLocaleString('sv-SE', { timeZone: 'Europe/Berlin' })
      .slice(0, 16);
  return `${local(from)} to ${local(to)} Europe/Berlin`;
}

const POLICY = `
sets:
  times: { freeze: ["${window(-1, 1)}"] }
rules:
  - { id: pulls, allow: [pull], repositories: ["**"] }
  - { id: no-old-clients, deny: [pull], repositories: ["**"], client: ["docker < 20.10"], message: Upgrade docker. }
  - { id: pushes, allow: [push], repositories: ["**"], who: { methods: [password] }, from: [${BUILDER}] }
  - { id: frozen, deny: [push], repositories: ["frozen/**"], time: ["set:freeze"], message: Not before the new year. }
  - { id: thawed, deny: [push], repositories: ["**"], time: ["${window(-2, -1)}", "${window(1, 2)}"] }
  - { id: later, allow: [delete], repositories: ["**"], time: ["${window(1, 2)}"] }
`;

describeNeeding(['docker-registry'], 'a policy of times and clients', () => {
  let front: Front;
  const image = smallImage();
  const alice = async (scope: string) => ({
    token: await front.token({ user: 'alice', scope }),
    from: BUILDER,
  });

  beforeAll(async () => {
    front = await startFront({ users: ['alice'], policy: POLICY, deletes: true });
  }, 60_000);
  afterAll(() => front?.stop());

  it('lets a push through outside of its windows, and gives the rule within one', async () => {
    const open = await alice('repository:open/app:pull,push');
    expect((await pushImage(front.place, 'open/app', 'v1', image, open)).status).toBe(201);
    // The token is given: when it will be used is not known.
    const { text } = await front.askToken({
      user: 'alice',
      scope: 'repository:frozen/app:pull,push',
      from: BUILDER,
    });
    expect(JSON.parse(text)).toMatchObject({ scope: 'repository:frozen/app:pull,push' });
    const refused = await putManifest(
      front.place,
      'frozen/app',
      'v1',
      image,
      await alice('repository:frozen/app:pull,push'),
    );
    expect([refused.status, refused.text]).toEqual([
      403,
      expect.stringContaining('Not before the new year. '),
    ]);
    expect(refused.text).toContain('rule frozen');
  });

  it('refuses what is allowed in another window only', async () => {
    const cleaner = await alice('repository:open/app:pull,delete');
    const path = `/v2/open/app/manifests/${image.digest}`;
    expect((await front.ask({ method: 'DELETE', path, ...cleaner })).status).toBe(403);
  });

  it('holds back old programs by what they say of themselves', async () => {
    const reader = await alice('repository:open/app:pull');
    const path = '/v2/open/app/manifests/v1';
    const statuses = await Promise.all(
      ['docker/19.3.5 go/go1.12', 'docker/20.10.24+dfsg1 go/go1.19.8', 'skopeo/1.9.3'].map(
        async (agent) => (await front.ask({ path, ...reader, headers: { 'User-Agent': agent } })).status,
      ),
    );
    expect(statuses).toEqual([403, 200, 200]);
  });
});
