import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import type { Directory } from '../../src/identity/ldap/directory.ts';
import type { Server } from '../../src/identity/ldap/socket.ts';
import { describeNeeding } from '../support/needs.ts';
import { freePort } from '../support/ports.ts';
import { dnOf, group, person, type RunningSlapd, startSlapd } from '../support/slapd.ts';
import { makeTemp, type Temp } from '../support/temp.ts';
import { type Authority, clear, makeAuthority, openDirectory } from './set-up.ts';

const LDIF = person('alice', 'correct horse') + group('ci', [dnOf('alice')]);
const DOWN = { name: 'DIRECTORY_UNAVAILABLE' };

describeNeeding(['slapd', 'ldapadd', 'openssl'], 'the servers of a directory', () => {
  let temp: Temp;
  let own: Authority;
  let other: Authority;
  let one: RunningSlapd;
  let two: RunningSlapd;
  let misnamed: RunningSlapd;
  const opened: Directory[] = [];

  beforeAll(async () => {
    temp = makeTemp('ldap-tls');
    own = await makeAuthority(temp, 'own');
    other = await makeAuthority(temp, 'other');
    const elsewhere = await makeAuthority(temp, 'elsewhere', 'DNS:directory.corp');
    [one, two, misnamed] = await Promise.all([
      startSlapd({ ldif: LDIF, tls: own }),
      startSlapd({ ldif: LDIF, tls: own }),
      startSlapd({ ldif: LDIF, tls: elsewhere }),
    ]);
    other = { ...other, ca: `${other.ca}${elsewhere.ca}` };
  }, 60_000);
  afterEach(() => {
    for (const directory of opened.splice(0)) directory.close();
  });
  afterAll(async () => {
    await Promise.all([one?.stop(), two?.stop(), misnamed?.stop()]);
    await temp?.stop();
  });

  function open(servers: readonly Server[], options: Parameters<typeof openDirectory>[1] = {}) {
    const made = openDirectory(servers, options);
    opened.push(made.directory);
    return made;
  }
  const tls = ({ tlsPort }: RunningSlapd): Server => ({ host: '127.0.0.1', port: tlsPort, security: 'tls' });
  const startTls = ({ port }: RunningSlapd): Server => ({ host: '127.0.0.1', port, security: 'startTls' });

  it.each([
    ['ldaps', tls],
    ['StartTLS', startTls],
  ])(
    'are believed over %s with a certificate of the named authority, for their name',
    async (_what, secure) => {
      const { directory, told } = open([secure(one)], { ca: own.ca });
      expect(await directory.login('alice', 'correct horse')).toMatchObject({
        right: true,
        person: { groups: ['ci'] },
      });
      expect(await directory.login('alice', 'wrong')).toMatchObject({ right: false });
      expect(told.failures).toEqual([]);

      for (const [server, ca] of [
        [secure(one), other.ca],
        [secure(one), undefined],
        [secure(misnamed), other.ca],
      ] as const) {
        const { directory: refused, told: why } = open([server], { ca });
        await expect(refused.login('alice', 'correct horse')).rejects.toMatchObject(DOWN);
        expect(why.failures[0]).toMatch(/CERT|SIGNATURE|ALTNAME/);
      }
    },
  );

  it('hear no password before TLS, and none at all where TLS is not had', async () => {
    const plain = await startSlapd({ ldif: LDIF });
    const { directory, told } = open([startTls(plain)], { ca: own.ca });
    await expect(directory.login('alice', 'correct horse')).rejects.toMatchObject(DOWN);
    expect(told.failures[0]).toContain('StartTLS was refused');
    const log = plain.log();
    expect(log.slice(log.indexOf('STARTTLS'))).not.toContain('BIND');
    await plain.stop();
  });

  it('stand in for each other: one that is killed is left for the next, and found again', async () => {
    const clock = { ms: 1_000_000 };
    const { directory, told } = open([clear(one.port), clear(two.port)], { now: () => clock.ms });
    const login = async () => {
      expect(await directory.login('alice', 'correct horse')).toMatchObject({ right: true });
    };
    await login();
    await one.kill();
    await login();
    expect(told.failures).toEqual([`${one.port} ECONNREFUSED`]);
    await login();
    expect(told.failures).toHaveLength(1);
    await one.restart();
    await two.kill();
    await login();
    expect(told.failures).toContain(`${two.port} ECONNREFUSED`);
    await two.restart();
    expect(directory.isAnswering()).toBe(true);
  });

  it('that do not answer are given up, and the next is asked', async () => {
    const { directory, told } = open([clear(one.port), clear(two.port)], { connectMs: 500, answerMs: 500 });
    await directory.login('alice', 'correct horse');
    one.pause();
    try {
      expect(await directory.login('alice', 'correct horse')).toMatchObject({ right: true });
      expect(told.failures).toEqual([`${one.port} no answer in time`]);
    } finally {
      one.resume();
    }
  });

  it('that are all away are told as such, and nothing is taken for a wrong password', async () => {
    const { directory, told } = open([clear(await freePort()), clear(await freePort())]);
    await expect(directory.login('alice', 'correct horse')).rejects.toMatchObject(DOWN);
    await expect(directory.find('alice')).rejects.toMatchObject(DOWN);
    expect(directory.isAnswering()).toBe(false);
    expect(told.asked).toEqual(['find failed', 'find failed']);
  });

  it('are no directory where they refuse the account that searches', async () => {
    const { directory, told } = open([clear(one.port)], {
      reader: { dn: dnOf('alice'), password: async () => 'outdated' },
    });
    await expect(directory.login('alice', 'correct horse')).rejects.toMatchObject(DOWN);
    expect(told.failures[0]).toBe(`${one.port} the account that searches was refused`);
  });

  it('may answer without an account where they allow it', async () => {
    const { directory } = open([clear(one.port)], { reader: undefined });
    expect(await directory.login('alice', 'correct horse')).toMatchObject({ right: true });
  });

  it('take the new password of the account that searches from then on', async () => {
    let password = 'outdated';
    const { directory } = open([clear(one.port)], {
      reader: { dn: dnOf('alice'), password: async () => password },
    });
    await expect(directory.find('alice')).rejects.toMatchObject(DOWN);
    password = 'correct horse';
    expect(await directory.find('alice')).toMatchObject({ name: 'alice' });
  });

  it('are not asked more at once than is set, and more than may wait are told so', async () => {
    const { directory } = open([clear(one.port)], { width: 1 });
    const answers = await Promise.allSettled(
      Array.from({ length: 30 }, (_, index) => directory.login('alice', `guess ${index}`)),
    );
    const reasons = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason] : []));
    expect(reasons.length).toBeGreaterThan(0);
    for (const reason of reasons) expect(reason).toMatchObject({ name: 'OVERLOADED' });
    expect(await directory.login('alice', 'correct horse')).toMatchObject({ right: true });
  });
});
