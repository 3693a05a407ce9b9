/** Warden before a registry, with people from a directory besides those of its file. */
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { eventually } from '../gate/eventually.ts';
import { accessIn, claimsOf, type Front, startFront, tokenIn } from '../gate/front.ts';
import { pushImage, smallImage } from '../gate/images.ts';
import type { Reply } from '../gate/wire.ts';
import { readLog } from '../record/read-log.ts';
import { describeNeeding } from '../support/needs.ts';
import { must, requireSuccess } from '../support/process.ts';
import {
  ADMIN,
  dnOf,
  GROUPS,
  group,
  PEOPLE,
  person,
  type RunningSlapd,
  startSlapd,
} from '../support/slapd.ts';
import { makeTemp, type Temp } from '../support/temp.ts';
import { makeAuthority } from './set-up.ts';

const BUILDER = '127.0.0.5';
const PASSWORD = `pw-${randomBytes(9).toString('base64url')}`;

describeNeeding(
  ['docker-registry', 'slapd', 'ldapadd', 'openssl', 'skopeo'],
  'Warden with a directory',
  () => {
    let temp: Temp;
    let slapd: RunningSlapd;
    let front: Front;

    beforeAll(async () => {
      temp = makeTemp('ldap');
      const authority = await makeAuthority(temp, 'own');
      slapd = await startSlapd({
        tls: authority,
        ldif: [
          ...['gwen', 'hugo', 'ivan', 'judy', 'kim'].map((name) => person(name, PASSWORD)),
          // The names of two users of the file.
          person('alice', PASSWORD),
          person('Bob', PASSWORD),
          group('ci', ['gwen', 'alice', 'Bob', 'kim'].map(dnOf)),
          group('auditors', [dnOf('judy')]),
        ].join('\n'),
      });
      writeFileSync(temp.at('password'), `${ADMIN.password}\n`, { mode: 0o600 });
      front = await startFront({
        users: ['alice', 'bob'],
        settings: {
          ldap: {
            servers: [`ldaps://127.0.0.1:${slapd.tlsPort}`],
            caFile: authority.caFile,
            bind: { dn: ADMIN.dn, passwordFile: temp.at('password') },
            users: { base: PEOPLE, changeAttributes: ['employeeNumber'] },
            groups: { base: GROUPS },
            refreshSeconds: 1,
            rememberSeconds: 1,
            answerSeconds: 1,
            loginSeconds: 2,
            refusalMilliseconds: 100,
          },
        },
      });
    }, 60_000);
    afterAll(async () => {
      await front?.stop();
      await slapd?.stop();
      await temp?.stop();
    });

    const ask = (user: string, password: string, query = '', from = BUILDER): Promise<Reply> =>
      front.ask({ path: `/token?service=${front.service}${query}`, basic: { user, password }, from });
    const PUSH = '&scope=repository:pub:pull,push';
    const refresh = (token: string): Promise<Reply> =>
      front.ask({
        method: 'POST',
        path: '/token',
        from: BUILDER,
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams({
          grant_type: 'refresh_token',
          service: front.service,
          refresh_token: token,
          scope: 'repository:pub:pull,push',
        }).toString(),
      });
    const refreshTokenOf = async (user: string): Promise<string> =>
      (JSON.parse((await ask(user, PASSWORD, '&offline_token=true')).text) as { refresh_token: string })
        .refresh_token;
    const leaves = () => readLog(join(front.warden.folder, 'data'));

    it('gives the rights of the groups of the directory, under its spelling, whatever the client typed', async () => {
      for (const typed of ['gwen', 'GWEN']) {
        const reply = await ask(typed, PASSWORD, `${PUSH}&account=${typed}`);
        expect(accessIn(reply)).toEqual({ 'repository:pub': ['pull', 'push'] });
        expect(claimsOf(tokenIn(reply))).toMatchObject({
          sub: 'gwen',
          warden: { method: 'ldap', groups: ['ci'] },
        });
      }
      expect(accessIn(await ask('hugo', PASSWORD, PUSH))).toEqual({ 'repository:pub': ['pull'] });
      expect((await ask('gwen', PASSWORD, '&account=hugo')).status).toBe(400);
    });

    it('records a push with the name and how it was proved', async () => {
      const image = smallImage();
      const token = tokenIn(await ask('gwen', PASSWORD, PUSH));
      const pushed = await pushImage(front.place, 'pub', 'by-gwen', image, { token, from: BUILDER });
      expect(pushed.status).toBe(201);
      const record = leaves().find(({ type, tag }) => type === 'push.accepted' && tag?.name === 'by-gwen');
      expect(record?.['actor']).toMatchObject({
        sub: 'gwen',
        kind: 'person',
        method: 'ldap',
        groups: ['ci'],
      });
    });

    it('lets a client of every day log in', async () => {
      const login = ['login', '--tls-verify=false', '--authfile', temp.at('auth.json'), front.service];
      await must('skopeo', [...login, '--username', 'Gwen', '--password', PASSWORD]);
      await expect(must('skopeo', [...login, '--username', 'gwen', '--password', 'wrong'])).rejects.toThrow(
        /invalid username\/password/,
      );
    });

    it('refuses alike who is unknown, who has another password, and who is of the file', async () => {
      const replies = await Promise.all([
        ask('nobody', 'wrong'),
        ask('gwen', 'wrong'),
        ask('bob', 'wrong'),
        ask('*', PASSWORD),
        ask('gwen)(uid=*', PASSWORD),
        ask('gwen', ''),
      ]);
      const [first] = replies;
      expect(first?.status).toBe(401);
      for (const { status, text } of replies) expect([status, text]).toEqual([401, first?.text]);
    });

    it('takes nobody of the directory for a user of the file', async () => {
      // In the file with another password; the directory has the name too, with the group that may push.
      expect((await ask('alice', PASSWORD, PUSH)).status).toBe(401);
      for (const typed of ['ALICE', 'Bob', 'BOB'])
        expect((await ask(typed, PASSWORD, PUSH)).status).toBe(401);
      expect(claimsOf(tokenIn(await ask('alice', front.passwords.alice)))).toMatchObject({
        warden: { method: 'password' },
      });
      expect(front.warden.log()).toContain('the users file has a user of the same name');
    });

    it('names in the record of failures who exists, and no other', async () => {
      const typed = `hunter-${randomBytes(6).toString('hex')}`;
      await ask('KIM', 'wrong', '', '127.0.0.41');
      await ask(typed, 'wrong', '', '127.0.0.41');
      const failures = await eventually(
        () =>
          leaves().filter(
            ({ type, peer }) => type === 'login.failed' && (peer as { ip: string }).ip === '127.0.0.41',
          ),
        (found) => found.length >= 2,
      );
      expect(failures.map(({ actor }) => actor)).toMatchObject([
        { sub: 'kim', method: 'ldap' },
        { sub: '(unknown name)' },
      ]);
      expect(JSON.stringify(leaves())).not.toContain(typed);
    });

    it('takes a group away within the stated time, from a login that is remembered and from a session', async () => {
      const session = await refreshTokenOf('kim');
      expect(accessIn(await refresh(session))).toEqual({ 'repository:pub': ['pull', 'push'] });
      await slapd.modify(`dn: cn=ci,${GROUPS}\nchangetype: modify\ndelete: member\nmember: ${dnOf('kim')}\n`);
      const without = { 'repository:pub': ['pull'] };
      const logged = await eventually(
        () => ask('kim', PASSWORD, PUSH),
        (reply) => JSON.stringify(accessIn(reply)) === JSON.stringify(without),
      );
      expect(accessIn(logged)).toEqual(without);
      expect(accessIn(await refresh(session))).toEqual(without);
    });

    it('ends a session with the password, and with the person', async () => {
      const [ivan, hugo] = [await refreshTokenOf('ivan'), await refreshTokenOf('hugo')];
      expect((await refresh(ivan)).status).toBe(200);
      expect((await refresh(hugo)).status).toBe(200);
      await slapd.modify(`dn: ${dnOf('ivan')}\nchangetype: modify\nadd: employeeNumber\nemployeeNumber: 2\n`);
      await slapd.modify(`dn: ${dnOf('hugo')}\nchangetype: delete\n`);
      for (const token of [ivan, hugo]) {
        const ended = await eventually(
          () => refresh(token),
          (reply) => reply.status !== 200,
        );
        expect([ended.status, ended.error?.message]).toEqual([401, 'the login has ended; log in again']);
      }
      expect((await ask('hugo', PASSWORD)).status).toBe(401);
    });

    it.each<readonly [string, () => unknown, () => unknown]>([
      ['is gone', () => slapd.kill(), () => slapd.restart()],
      ['does not answer', () => slapd.pause(), () => slapd.resume()],
    ])('says so while the directory %s, and serves everyone else', async (_what, away, back) => {
      const session = await refreshTokenOf('judy');
      await away();
      try {
        const reply = await eventually(
          () => ask('gwen', PASSWORD),
          ({ status }) => status !== 200,
        );
        expect([reply.status, reply.error?.message]).toEqual([
          503,
          'logins cannot be checked now: the directory of users does not answer; pulls without a login go on',
        ]);
        for (const secret of [String(slapd.tlsPort), '127.0.0.1', 'ldaps', ADMIN.dn])
          expect(reply.text).not.toContain(secret);
        const resumed = await eventually(
          () => refresh(session),
          ({ status }) => status !== 200,
        );
        expect(resumed.status).toBe(503);
        expect(accessIn(await front.askToken({ scope: 'repository:pub:pull' }))).toEqual({
          'repository:pub': ['pull'],
        });
        expect(
          accessIn(await front.askToken({ user: 'alice', scope: 'repository:pub:push', from: BUILDER })),
        ).toEqual({
          'repository:pub': ['push'],
        });
        expect((await front.operations('/readyz')).status).toBe(200);
        expect((await front.operations('/metrics')).text).toMatch(/^warden_directory_answers 0$/m);
      } finally {
        await back();
      }
      const again = await eventually(
        () => ask('gwen', PASSWORD),
        ({ status }) => status === 200,
      );
      expect(again.status).toBe(200);
      const { text } = await front.operations('/metrics');
      expect(text).toMatch(/^warden_directory_answers 1$/m);
      expect(text).toMatch(/^warden_directory_seconds_count\{operation="find",outcome="failed"\} [1-9]/m);
    });

    it('has written no password anywhere', async () => {
      const said = [front.warden.log(), JSON.stringify(leaves())].join('\n');
      for (const secret of [PASSWORD, ADMIN.password]) expect(said).not.toContain(secret);
      // What a failed login typed is not there either.
      expect(said).not.toContain('gwen)(uid=*');
    });
  },
);

describeNeeding(['docker-registry', 'slapd', 'ldapadd'], 'guesses at people of a directory', () => {
  let slapd: RunningSlapd;
  let front: Front;
  beforeAll(async () => {
    const ldif = [
      person('gwen', PASSWORD),
      person('hugo', PASSWORD),
      group('ci', ['gwen', 'hugo'].map(dnOf)),
    ];
    slapd = await startSlapd({ ldif: ldif.join('\n') });
    front = await startFront({
      users: ['alice'],
      settings: {
        logins: { failuresPerMinute: { byAddress: 50, byUserAndAddress: 3 } },
        ldap: {
          servers: [`ldap://127.0.0.1:${slapd.port}`],
          allowPlaintext: true,
          users: { base: PEOPLE },
          groups: { base: GROUPS },
          refreshSeconds: 3600,
          rememberSeconds: 3600,
          refusalMilliseconds: 0,
        },
      },
    });
  }, 60_000);
  afterAll(async () => {
    await front?.stop();
    await slapd?.stop();
  });
  const ask = (user: string, password: string, from: string): Promise<Reply> =>
    front.ask({ path: `/token?service=${front.service}`, basic: { user, password }, from });

  it('are limited as those at users of the file, all spellings of a name together', async () => {
    for (const typed of ['gwen', 'GWEN', 'Gwen'])
      expect((await ask(typed, 'wrong', '127.0.0.51')).status).toBe(401);
    for (const typed of ['gwen', 'gWEN']) {
      const reply = await ask(typed, PASSWORD, '127.0.0.51');
      expect(reply.status).toBe(429);
      expect(reply.headers['retry-after']).toMatch(/^[1-9]/);
    }
    expect((await ask('gwen', PASSWORD, '127.0.0.52')).status).toBe(200);
  });

  it('and what was read of a person are forgotten on command', async () => {
    const mayPush = async (): Promise<boolean> => {
      const query = `service=${front.service}&scope=repository:pub:pull,push`;
      const reply = await front.ask({
        path: `/token?${query}`,
        basic: { user: 'gwen', password: PASSWORD },
        from: BUILDER,
      });
      return accessIn(reply)['repository:pub']?.includes('push') ?? false;
    };
    expect(await mayPush()).toBe(true);
    await slapd.modify(`dn: cn=ci,${GROUPS}\nchangetype: modify\ndelete: member\nmember: ${dnOf('gwen')}\n`);
    expect(await mayPush()).toBe(true);
    requireSuccess(await front.warden.cli(['session', 'flush']));
    expect(await eventually(mayPush, (may) => !may)).toBe(false);
  });

  it('are not counted while the directory does not answer', async () => {
    await slapd.kill();
    for (let count = 0; count < 6; count++)
      expect((await ask('gwen', 'other', '127.0.0.53')).status).toBe(503);
    await slapd.restart();
    const reply = await eventually(
      () => ask('gwen', PASSWORD, '127.0.0.53'),
      ({ status }) => status !== 503,
    );
    expect(reply.status).toBe(200);
  });
});
