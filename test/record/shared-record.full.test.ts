import { appendFileSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { eventually } from '../gate/eventually.ts';
import { BUILDER, type Front, startFront } from '../gate/front.ts';
import { pushImage, smallImage, startUpload, type With } from '../gate/images.ts';
import { ask, type Place } from '../gate/wire.ts';
import { describeNeeding } from '../support/needs.ts';
import { type RunningPostgres, startPostgres } from '../support/postgres.ts';
import { type SecondWarden, startSecondWarden } from '../support/second-warden.ts';
import { makeLoopbackCertificate } from '../support/self-signed.ts';
import { makeTemp, type Temp } from '../support/temp.ts';
import { changeSettings, runCli } from '../support/warden.ts';

const SENTENCE = 'pushes are paused: the push record cannot be written; pulls go on';

describeNeeding(['docker-registry', 'postgres', 'openssl'], 'two Wardens over one PostgreSQL, by TLS', () => {
  let temp: Temp;
  let server: RunningPostgres;
  let front: Front;
  let second: SecondWarden;
  let other: Place;
  let alice: With;

  beforeAll(async () => {
    temp = makeTemp('shared');
    const files = { cert: temp.at('db.crt'), key: temp.at('db.key') };
    await makeLoopbackCertificate(files);
    server = await startPostgres({ tls: files });
    const address = await server.database();
    writeFileSync(temp.at('database'), `${address}?sslmode=verify-full\n`, { mode: 0o600 });
    front = await startFront({
      users: ['alice', 'bob', 'erin'],
      settings: {
        record: { settleSeconds: 1 },
        tokens: { lifetimeSeconds: 3600 },
        store: {
          postgresUrlFile: temp.at('database'),
          caFile: files.cert,
          leaseSeconds: 3,
          timeoutSeconds: 2,
        },
        transparency: { origin: 'registry.test/push-log', keyFile: 'keys/log.pem' },
      },
    });
    second = await startSecondWarden(front.warden);
    other = { host: second.host, port: second.port };
    alice = { token: await front.token({ user: 'alice', scope: 'repository:pub:pull,push' }), from: BUILDER };
  }, 90_000);
  afterAll(async () => {
    await second?.stop();
    await front?.stop();
    await server?.stop();
    await temp?.stop();
  });

  const asErin = (place: Place, path: string) =>
    ask(place, { path, basic: { user: 'erin', password: front.passwords.erin } });
  const readyForPush = async (): Promise<readonly number[]> => [
    (await front.operations('/readyz/push')).status,
    (await fetch(`${second.operationsUrl}/readyz/push`)).status,
  ];

  it('speak to it encrypted', async () => {
    const address = readFileSync(temp.at('database'), 'utf8').trim().split('?')[0] ?? '';
    const plain = await server.sql(
      address,
      "SELECT count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name LIKE 'registry-warden%' AND NOT ssl",
    );
    const ciphered = await server.sql(
      address,
      "SELECT count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name LIKE 'registry-warden%' AND ssl",
    );
    expect(plain).toBe('0');
    expect(Number(ciphered)).toBeGreaterThan(0);
  });

  it('have one record: what one accepted the other answers, and goes on from', async () => {
    const [first, next] = [smallImage(), smallImage()];
    expect((await pushImage(front.place, 'pub', 'shared', first, alice)).status).toBe(201);
    expect((await pushImage(other, 'pub', 'shared', next, alice)).status).toBe(201);
    for (const place of [front.place, other]) {
      const { text, status } = await asErin(place, '/api/v1/pushes?repository=pub&tag=shared');
      expect(status).toBe(200);
      expect(JSON.parse(text).items).toMatchObject([
        { subject: { digest: next.digest }, tag: { from: first.digest } },
        { subject: { digest: first.digest } },
      ]);
    }
  });

  it('have one inventory: what was pulled from one the other answers, and both are added up', async () => {
    const image = smallImage();
    expect((await pushImage(front.place, 'pub', 'pulled', image, alice)).status).toBe(201);
    const pullsSeenBy = async (place: Place) =>
      JSON.parse((await asErin(place, '/api/v1/pulls?repository=pub&tag=pulled')).text).items;
    for (const place of [front.place, other, other])
      expect((await ask(place, { ...alice, path: '/v2/pub/manifests/pulled' })).status).toBe(200);
    for (const place of [front.place, other])
      await eventually(
        () => pullsSeenBy(place),
        (items) => items.length === 1 && items[0].gets === 3,
      );
  });

  it('open each other’s refusals by their ids', async () => {
    const refused = await pushImage(other, 'pub', 'refused', smallImage(), { ...alice, from: '127.0.0.9' });
    const id = /decision ([0-9a-f]{16})/.exec(refused.text)?.[1] ?? refused.text;
    const explain = () => front.warden.cli(['policy', 'explain', '--decision', id]);
    const { stdout } = await eventually(explain, ({ status }) => status === 0);
    expect(stdout).toContain(id);
    expect(stdout).toContain('127.0.0.9');
  });

  it('have one history of policies, with what each decided by', async () => {
    const { warden } = front;
    const before = JSON.parse((await warden.cli(['policy', 'versions', '--json'])).stdout).items;
    expect(before).toHaveLength(1);
    const rule = '  - { id: another, allow: [policy], repositories: ["**"], who: { groups: [auditors] } }';
    appendFileSync(join(warden.folder, 'policy.yaml'), `${rule}\n`);
    const versions = () => runCli(second.settingsFile, ['policy', 'versions', '--json']);
    const items = await eventually(
      async () => JSON.parse((await versions()).stdout).items,
      (seen) => seen.length === 2 && seen[1].until !== undefined,
      20_000,
    );
    expect(items[1].digest).toBe(before[0].digest);
    const shown = await runCli(second.settingsFile, ['policy', 'versions', '--show', items[0].digest]);
    expect(shown.stdout).toContain('id: another');
    const explained = await asErin(
      other,
      `/api/v1/policy/explain?version=${items[1].digest}&user=alice&from=127.0.0.5&repository=pub&action=pull`,
    );
    expect(explained.text).toContain('intranet-pulls');
  });

  it('share sessions: who is logged in at one is at the other', async () => {
    const login = await front.askToken({
      user: 'alice',
      more: { offline_token: 'true', client_id: 'docker' },
    });
    const { refresh_token } = JSON.parse(login.text);
    expect(typeof refresh_token).toBe('string');
    const again = await ask(other, {
      method: 'POST',
      path: '/token',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: `${new URLSearchParams({ grant_type: 'refresh_token', refresh_token, service: front.service, client_id: 'docker' })}`,
    });
    expect(again.status).toBe(200);
  });

  it.each(['stopped', 'killed'] as const)(
    'refuse pushes with a sentence while it is %s, let pulls go on, and recover by themselves',
    async (how) => {
      const image = smallImage();
      const tag = `before-${how}`;
      expect((await pushImage(front.place, 'pub', tag, image, alice)).status).toBe(201);
      if (how === 'stopped') server.pause();
      else await server.kill();
      await eventually(readyForPush, (seen) => seen.every((status) => status === 503), 20_000);
      for (const place of [front.place, other]) {
        const refused = await startUpload(place, 'pub', alice);
        expect({ status: refused.status, text: refused.text }).toEqual({
          status: 403,
          text: expect.stringContaining(SENTENCE),
        });
        const pulled = await ask(place, { ...alice, path: `/v2/pub/manifests/${tag}` });
        expect(pulled.status).toBe(200);
      }
      expect((await front.operations('/readyz')).status).toBe(200);
      if (how === 'stopped') server.resume();
      else await server.restart();
      await eventually(readyForPush, (seen) => seen.every((status) => status === 200), 20_000);
      expect((await pushImage(other, 'pub', `after-${how}`, smallImage(), alice)).status).toBe(201);
    },
    60_000,
  );

  it('start while it is away: pulls are served, and pushes when it is back', async () => {
    await server.kill();
    await second.restart();
    expect((await startUpload(other, 'pub', alice)).text).toContain(SENTENCE);
    expect((await ask(other, { ...alice, path: '/v2/pub/manifests/shared' })).status).toBe(200);
    await server.restart();
    await eventually(readyForPush, (seen) => seen.every((status) => status === 200), 20_000);
    expect((await pushImage(other, 'pub', 'started', smallImage(), alice)).status).toBe(201);
  }, 60_000);

  it('have a log that moves into a file, and is verified on the way and there', async () => {
    const { warden } = front;
    const folder = temp.at('export');
    const signed = async () =>
      Number((await asErin(front.place, '/api/v1/log/checkpoint')).text.split('\n')[1]);
    const size = Number(JSON.parse((await asErin(front.place, '/api/v1/pushes?limit=1')).text).watermark);
    await eventually(signed, (seen) => seen >= size);
    await second.stop();
    expect(await warden.cli(['log', 'verify'])).toMatchObject({ status: 0 });
    await warden.kill();
    // Without the tiles of this machine it is held against what the database remembers.
    const [tiles, aside] = [join(warden.folder, 'data', 'tlog'), temp.at('tlog')];
    renameSync(tiles, aside);
    renameSync(join(warden.folder, 'data.checkpoint.lock'), temp.at('lock'));
    expect(await warden.cli(['log', 'verify'])).toMatchObject({
      ...{ status: 0, stdout: expect.stringContaining('compared: 0 tiles') },
      stderr: expect.stringContaining('data.checkpoint.lock is missing: what this machine saw signed'),
    });
    renameSync(temp.at('lock'), join(warden.folder, 'data.checkpoint.lock'));
    renameSync(aside, tiles);
    const exported = await warden.cli(['log', 'export', folder]);
    expect(exported).toMatchObject({ status: 0, stderr: '' });
    expect(await warden.cli(['log', 'verify', folder])).toMatchObject({ status: 0 });
    expect((await warden.cli(['log', 'import', folder])).stderr).toContain('the log has entries already');
    changeSettings(warden.settingsFile, { store: undefined });
    expect(await runCli(warden.settingsFile, ['log', 'import', folder])).toMatchObject({
      status: 0,
      stderr: '',
    });
    expect(await warden.cli(['log', 'verify'])).toMatchObject({ status: 0 });
    await warden.restart();
    const { text } = await asErin(front.place, '/api/v1/pushes?repository=pub&tag=started');
    expect(JSON.parse(text).items).toHaveLength(1);
    expect((await pushImage(front.place, 'pub', 'shared', smallImage(), alice)).status).toBe(201);
    expect(await warden.cli(['log', 'verify'])).toMatchObject({ status: 0 });
  }, 60_000);
});
