import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { eventually } from '../gate/eventually.ts';
import { BUILDER, type Front, POLICY, startFront } from '../gate/front.ts';
import { blobOf, pushImage, putBlob, smallImage, startUpload, type With } from '../gate/images.ts';
import { basicHeader, openLine, rawRequest } from '../gate/wire.ts';
import { readLog } from '../record/read-log.ts';
import { describeNeeding } from '../support/needs.ts';
import { isOpen } from '../support/ports.ts';
import type { Child } from '../support/process.ts';
import { serveWarden } from '../support/warden.ts';

const metricsOf = async (front: Front): Promise<string> => (await front.operations('/metrics')).text;

describeNeeding(['docker-registry'], 'a policy that changes while Warden serves', () => {
  let front: Front;
  let file: string;
  let alice: With;
  beforeAll(async () => {
    front = await startFront({ users: ['alice'] });
    file = join(front.warden.folder, 'policy.yaml');
    alice = { token: await front.token({ user: 'alice', scope: 'repository:pub:pull,push' }), from: BUILDER };
  }, 60_000);
  afterAll(() => front?.stop());

  const CLOSED = POLICY.replace('groups: [ci] }', 'groups: [nobody] }');
  const push = async () => (await startUpload(front.place, 'pub', alice)).status;
  const inPlace = (text: string) => writeFileSync(file, text);
  const byRename = (text: string) => {
    writeFileSync(`${file}.new`, text);
    renameSync(`${file}.new`, file);
  };

  it.each([
    ['written in place', inPlace],
    ['renamed over', byRename],
  ])('decides from then on when it is %s, and no request is lost meanwhile', async (_how, write) => {
    expect(await push()).toBe(202);
    let asking = true;
    const asked = (async () => {
      const statuses = new Set<number>();
      while (asking)
        statuses.add((await front.ask({ path: '/v2/pub/tags/list', token: alice.token as string })).status);
      return statuses;
    })();
    write(CLOSED);
    await eventually(push, (status) => status === 403);
    write(POLICY);
    await eventually(push, (status) => status === 202);
    asking = false;
    // 404: there is no such repository yet.
    expect([...(await asked)]).toEqual([404]);
  });

  it.each([
    ['broken YAML', (text: string) => `${text}\nrules: [`],
    ['an unknown key', (text: string) => text.replace('allow: [pull]', 'permit: [pull]')],
    ['nothing', () => ''],
    ['half of it', (text: string) => text.slice(0, text.length / 2)],
  ])('stays the last good one when the file holds %s, and the metrics say so', async (_what, breakIt) => {
    const before = front.warden.log().length;
    inPlace(breakIt(CLOSED));
    front.warden.signal('SIGHUP');
    await eventually(
      () => metricsOf(front),
      (text) => /^warden_policy_reload_failed 1$/m.test(text),
    );
    expect(await push()).toBe(202);
    // Lines of the log wait for each other for a moment.
    await eventually(
      () => front.warden.log().slice(before),
      (log) => /policy\.yaml:\d+:\d+ /.test(log),
    );
    expect((await front.operations('/readyz')).status).toBe(200);
    inPlace(POLICY);
    front.warden.signal('SIGHUP');
    await eventually(
      () => metricsOf(front),
      (text) => /^warden_policy_reload_failed 0$/m.test(text),
    );
    expect(await push()).toBe(202);
  });

  it('leaves its trace on the record', () => {
    const changes = readLog(join(front.warden.folder, 'data')).filter(
      ({ type }) => type === 'policy.changed',
    );
    expect(changes.length).toBeGreaterThanOrEqual(5);
    for (const change of changes)
      expect(change['policy']).toMatchObject({ digest: expect.stringMatching(/^sha256:/) });
  });
});

describeNeeding(['docker-registry'], 'a stop', () => {
  let front: Front;
  let alice: With;
  let child: Child;
  beforeAll(async () => {
    front = await startFront({ users: ['alice'] });
  }, 60_000);
  beforeEach(async () => {
    await front.warden.kill();
    child = await serveWarden(front.warden.settingsFile, front.warden.operationsUrl);
    alice = { token: await front.token({ user: 'alice', scope: 'repository:pub:pull,push' }), from: BUILDER };
  }, 60_000);
  afterEach(() => child?.stop());
  afterAll(() => front?.stop());

  it('lets an upload finish that is under way, and takes nothing new', async () => {
    const content = blobOf(randomBytes(200_000));
    const start = await startUpload(front.place, 'pub', alice);
    const idle = openLine(front.place);
    idle.write(rawRequest('GET /v2/ HTTP/1.1', [`Host: ${front.service}`]));
    await idle.until(/authentication required/);
    const line = openLine(front.place, BUILDER);
    line.write(
      rawRequest(`PUT ${start.headers['location']}&digest=${content.digest} HTTP/1.1`, [
        `Host: ${front.service}`,
        `Authorization: Bearer ${alice.token}`,
        `Content-Length: ${content.bytes.length}`,
      ]),
    );
    line.write(content.bytes.subarray(0, 100_000));
    await eventually(
      () => metricsOf(front),
      (text) => /^warden_requests_in_flight\{route="upload"\} 1$/m.test(text),
    );
    child.signal('SIGTERM');
    await eventually(
      () => isOpen(front.warden.port),
      (open) => !open,
    );
    await idle.closed;
    line.write(content.bytes.subarray(100_000));
    await line.until(/^HTTP\/1\.1 201 /);
    expect(await child.ended).toEqual({ code: 0, signal: null });
    await front.warden.restart();
    const back = await front.ask({ ...alice, method: 'HEAD', path: `/v2/pub/blobs/${content.digest}` });
    expect(back.status).toBe(200);
  }, 60_000);

  it('that is asked for twice is at once, and what was recorded stays recorded', async () => {
    expect((await pushImage(front.place, 'pub', 'kept', smallImage(), alice)).status).toBe(201);
    const start = await startUpload(front.place, 'pub', alice);
    const line = openLine(front.place, BUILDER);
    line.write(
      rawRequest(`PATCH ${start.headers['location']} HTTP/1.1`, [
        `Host: ${front.service}`,
        `Authorization: Bearer ${alice.token}`,
        'Content-Length: 1000000',
      ]),
    );
    line.write(Buffer.alloc(1000));
    await eventually(
      () => metricsOf(front),
      (text) => /^warden_requests_in_flight\{route="upload"\} 1$/m.test(text),
    );
    child.signal('SIGTERM');
    await eventually(
      () => child.output(),
      (log) => log.includes('stopping'),
    );
    child.signal('SIGTERM');
    await line.closed;
    expect(await child.ended).toEqual({ code: 1, signal: null });
    await front.warden.restart();
    const kept = readLog(join(front.warden.folder, 'data')).filter(({ tag }) => tag?.name === 'kept');
    expect(kept.map(({ type }) => type)).toEqual(['push.accepted']);
  }, 60_000);
});

describeNeeding(['docker-registry'], 'secrets', () => {
  let front: Front;
  beforeAll(async () => {
    front = await startFront({ users: ['alice', 'bob', 'erin'], settings: { log: { level: 'trace' } } });
  }, 60_000);
  afterAll(() => front?.stop());

  it('stand in no log line, record, answer or metric after everything was tried with them', async () => {
    const scope = 'repository:pub:pull,push';
    const login = await front.askToken({
      user: 'alice',
      scope,
      from: BUILDER,
      more: { offline_token: 'true' },
    });
    const { token, refresh_token: refresh } = JSON.parse(login.text) as {
      token: string;
      refresh_token: string;
    };
    const wrong = `canary-${randomBytes(12).toString('hex')}`;
    const answers = [];
    const form = (fields: Record<string, string>) =>
      front.ask({
        method: 'POST',
        path: '/token',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams({ service: front.service, ...fields }).toString(),
      });
    answers.push(
      await front.ask({ path: `/token?service=${front.service}`, basic: { user: 'alice', password: wrong } }),
      await form({ grant_type: 'password', username: 'alice', password: wrong }),
      await form({ grant_type: 'refresh_token', refresh_token: `${wrong}x` }),
      await form({ grant_type: wrong }),
      await front.ask({ path: `/token?service=${front.service}`, basic: { user: '', password: refresh } }),
      await front.ask({ path: `/token?service=${front.service}&password=${wrong}&token=${wrong}&service=x` }),
      await front.ask({ path: '/v2/pub/tags/list', token: `${token}x` }),
      await front.ask({ path: `/v2/pub/tags/list?token=${wrong}&access_token=${wrong}`, token }),
      await front.ask({ path: '/v2/', basic: { user: 'alice', password: front.passwords.alice } }),
      await front.ask({ path: '/api/v1/pushes', basic: { user: 'erin', password: wrong } }),
      await front.ask({
        path: `/api/v1/pushes?password=${wrong}`,
        basic: { user: 'erin', password: front.passwords.erin },
      }),
      await front.ask({
        path: '/v2/',
        headers: { cookie: `session=${wrong}`, 'proxy-authorization': basicHeader('a', wrong) },
      }),
      await pushImage(front.place, 'pub', 'l', smallImage(), { token, from: BUILDER }),
      await putBlob(front.place, 'pub', blobOf('x'), { token }),
      await front.ask({ path: '/v2/pub/manifests/l', token }),
    );
    await front.registry.kill();
    answers.push(await front.ask({ path: '/v2/pub/manifests/l', token }));
    await front.registry.restart();
    const metrics = await metricsOf(front);
    await front.warden.restart();

    const data = join(front.warden.folder, 'data');
    const files = readdirSync(data, { recursive: true, encoding: 'utf8' })
      .map((name) => join(data, name))
      .map((path) => {
        try {
          return readFileSync(path, 'latin1');
        } catch {
          return '';
        }
      });
    const places = {
      log: front.warden.log(),
      registry: front.registry.log(),
      metrics,
      answers: answers
        .map((answer) => (answer ? JSON.stringify(answer.headers) + answer.text : ''))
        .join('\n'),
      files: files.join('\n'),
    };
    const secrets = {
      'the password of alice': front.passwords.alice,
      'the password of erin': front.passwords.erin,
      'Basic of alice': basicHeader('alice', front.passwords.alice).slice('Basic '.length),
      'Basic of a wrong password': basicHeader('alice', wrong).slice('Basic '.length),
      'the access token': token,
      'the signature of the access token': String(token.split('.')[2]),
      'the refresh token': refresh,
    };
    const found = Object.entries(secrets).flatMap(([what, secret]) =>
      Object.entries(places)
        .filter(([, text]) => text.includes(secret))
        .map(([place]) => `${what} in ${place}`),
    );
    expect(found).toEqual([]);
    for (const text of [places.log, places.metrics, places.registry, places.answers])
      expect(text).not.toContain(wrong);
    // The search would have found what is there.
    expect(places.log).toContain('"subject":"alice"');
    expect(places.files).toContain('alice');
  }, 60_000);
});
