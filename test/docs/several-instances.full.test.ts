/** docs/several-instances.md, done as it says, with the addresses of this machine. */
import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { eventually } from '../gate/eventually.ts';
import { BUILDER, type Front, startFront } from '../gate/front.ts';
import { pushImage, smallImage, type With } from '../gate/images.ts';
import { ask, type Place } from '../gate/wire.ts';
import { describeNeeding } from '../support/needs.ts';
import { freePort } from '../support/ports.ts';
import { type RunningPostgres, startPostgres } from '../support/postgres.ts';
import { type Child, startChild } from '../support/process.ts';
import { type SecondWarden, startSecondWarden } from '../support/second-warden.ts';
import { makeTemp, type Temp } from '../support/temp.ts';
import { blocksOf } from './blocks.ts';

const PAGE = 'docs/several-instances.md';
const blocks = blocksOf(PAGE);

/** What the page writes into a file. @throws where an address that the test replaces is not there any more. */
function file(path: string, replace: Readonly<Record<string, string>> = {}): string {
  const block = blocks.find(({ words }) => words.get('file') === path);
  if (!block) throw new Error(`${PAGE} has no block for ${path}`);
  return Object.entries(replace).reduce((text, [from, to]) => {
    if (!text.includes(from)) throw new Error(`${PAGE}, ${path}: there is no ${from}`);
    return text.replaceAll(from, to);
  }, block.text);
}

describeNeeding(['docker-registry', 'postgres', 'redis-server', 'haproxy'], PAGE, () => {
  let temp: Temp;
  let database: RunningPostgres;
  let redis: Child;
  let balancer: Child;
  let front: Front;
  let second: SecondWarden;
  let through: Place;

  beforeAll(async () => {
    temp = makeTemp('several');
    database = await startPostgres();
    const administrator = await database.database();
    for (const line of file('/tmp/database.sql').trim().split('\n')) await database.sql(administrator, line);
    const redisPort = await freePort();
    redis = await startChild('redis-server', [
      '--port',
      String(redisPort),
      '--save',
      '',
      '--bind',
      '127.0.0.1',
    ]);
    await redis.waitForPort(redisPort);
    writeFileSync(
      temp.at('database-url'),
      file('/etc/registry-warden/database-url', { 'db.corp:5432': `127.0.0.1:${database.port}` }),
    );
    writeFileSync(
      temp.at('redis-url'),
      file('/etc/registry-warden/redis-url', { 'redis.corp:6379': `127.0.0.1:${redisPort}` }),
    );
    const settings = parse(
      file('/etc/registry-warden/warden.yaml', {
        'database-url': temp.at('database-url'),
        'redis-url': temp.at('redis-url'),
        '10.1.0.2': '127.0.0.1',
      }),
    ) as Record<string, unknown>;
    // Where it listens, and how it is called, is the test's.
    const { publicUrl: _publicUrl, listen: _listen, operations: _operations, ...shared } = settings;
    front = await startFront({
      users: ['alice'],
      settings: { ...shared, tokens: { lifetimeSeconds: 3600 } },
    });
    second = await startSecondWarden(front.warden);
    const port = await freePort();
    writeFileSync(
      temp.at('haproxy.cfg'),
      file('/etc/haproxy/haproxy.cfg', {
        ':5000 ssl crt /etc/haproxy/registry.pem': `127.0.0.1:${port}`,
        '10.1.0.11:5001 check port 9464': `127.0.0.1:${front.warden.port} check port ${new URL(front.warden.operationsUrl).port}`,
        '10.1.0.12:5001 check port 9464': `127.0.0.1:${second.port} check port ${new URL(second.operationsUrl).port}`,
      }),
    );
    balancer = await startChild('haproxy', ['-db', '-f', temp.at('haproxy.cfg')]);
    await balancer.waitForPort(port);
    through = { host: '127.0.0.1', port };
  }, 90_000);
  afterAll(async () => {
    await balancer?.stop();
    await second?.stop();
    await front?.stop();
    await redis?.stop();
    await database?.stop();
    await temp?.stop();
  });

  it('takes pushes and pulls through the balancer, also when an instance dies', async () => {
    const token = await front.token({ user: 'alice', scope: 'repository:pub:pull,push' });
    const alice: With = { token, from: BUILDER };
    const push = async (tag: string) => (await pushImage(through, 'pub', tag, smallImage(), alice)).status;
    for (let n = 0; n < 6; n++) expect(await push(`both-${n}`)).toBe(201);
    // The balancer tells who came from where, so that one who may not push is refused through it too.
    const refused = await pushImage(through, 'pub', 'no', smallImage(), { token, from: '127.0.0.6' });
    expect(refused.status).toBe(403);
    await second.kill();
    // Before the checks of the balancer can know of it.
    for (let n = 0; n < 6; n++) {
      expect((await ask(through, { ...alice, path: '/v2/pub/tags/list' })).status).toBe(200);
    }
    await eventually(
      () => push('one'),
      (status) => status === 201,
      30_000,
    );
    await second.restart();
    expect(await push('again')).toBe(201);
  }, 90_000);
});
