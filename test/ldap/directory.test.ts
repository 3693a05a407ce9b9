import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readFilter } from '../../src/identity/ldap/filters.ts';
import { eventually } from '../gate/eventually.ts';
import { describeNeeding } from '../support/needs.ts';
import {
  dnOf,
  GROUPS,
  group,
  PEOPLE,
  person,
  type RunningSlapd,
  SUFFIX,
  startSlapd,
} from '../support/slapd.ts';
import { BY_MEMBER_OF, clear, openDirectory } from './set-up.ts';

const NESTED = `
dn: ou=evil,${SUFFIX}
changetype: add
objectClass: organizationalUnit
ou: evil

dn: ou=team,${GROUPS}
changetype: add
objectClass: organizationalUnit
ou: team
`;

describeNeeding(['slapd', 'ldapadd'], 'people of a directory', () => {
  let slapd: RunningSlapd;
  beforeAll(async () => {
    slapd = await startSlapd({
      // What an empty password does where a server allows it.
      more: 'allow bind_anon_dn bind_anon_cred',
      ldif: [
        person('alice', 'correct horse'),
        person("o'brien", 'pw-brien'),
        person('zoë', 'pw-zoë'),
        person('Großmann', 'pw-g'),
        person('a+b', 'pw'),
        person('two', 'pw-two', 'uid: alice2\n'),
        person('twin', 'pw-one'),
        person('gone', 'pw-gone', 'employeeType: left\n'),
        `
dn: cn=twin,${PEOPLE}
changetype: add
objectClass: inetOrgPerson
cn: twin
sn: twin
uid: twin
userPassword: pw-other
`,
        NESTED,
        group('ci', [dnOf('alice'), dnOf('zoë')]),
        group('release team', [`cn=ci,${GROUPS}`]),
        group('top', [`cn=release team,${GROUPS}`]),
        // A circle.
        group('round', [`cn=top,${GROUPS}`, `cn=square,${GROUPS}`]),
        group('square', [`cn=round,${GROUPS}`]),
        group('admins', [dnOf('alice')], `ou=evil,${SUFFIX}`),
        group('deep', [dnOf('alice')], `ou=team,${GROUPS}`),
        group('by-evil', [`cn=admins,ou=evil,${SUFFIX}`]),
      ].join('\n'),
    });
  }, 30_000);
  afterAll(() => slapd?.stop());

  const open = (options: Parameters<typeof openDirectory>[1] = {}) =>
    openDirectory([clear(slapd.port)], options);

  it('log in with their password, under the name as the directory spells it', async () => {
    const { directory, told } = open();
    for (const typed of ['alice', 'ALICE', 'Alice', 'ａｌｉｃｅ']) {
      const found = await directory.login(typed, 'correct horse');
      expect(found).toMatchObject({
        right: true,
        person: { name: 'alice', dn: dnOf('alice'), groups: ['ci'] },
      });
    }
    expect(await directory.login('zoë', 'pw-zoë')).toMatchObject({ right: true, person: { name: 'zoë' } });
    expect(await directory.login("O'Brien", 'pw-brien')).toMatchObject({
      right: true,
      person: { name: "o'brien" },
    });
    expect(told.failures).toEqual([]);
    directory.close();
  });

  it.each([
    ['a wrong password', 'alice', 'wrong'],
    ['an empty password, which the server would take', 'alice', ''],
    ['a password that begins like the right one', 'alice', 'correct'],
    ['a NUL behind the password', 'alice', 'correct horse\0'],
    ['a NUL as password', 'alice', '\0'],
    ['the password of another', 'zoë', 'correct horse'],
  ])('are refused with %s', async (_what, name, password) => {
    const { directory } = open();
    expect(await directory.login(name, password)).toMatchObject({ right: false });
    directory.close();
  });

  it.each([
    '*',
    'al*',
    'alice)(uid=*',
    'alice)(|(uid=*',
    '*)(objectClass=*',
    'alice,ou=admins',
    'uid=alice',
    'alice\0',
    'alice\\',
    '\\61lice',
    'alice ',
    ' alice',
    '\tali ce',
    'alice\u200b',
    'аlice',
    '',
    'a+b',
    'a'.repeat(300),
    'constructor',
    'nobody',
  ])('are not found by %j', async (typed) => {
    const { directory } = open();
    expect(await directory.login(typed, 'correct horse')).toBeUndefined();
    expect(await directory.find(typed)).toBeUndefined();
    directory.close();
  });

  it('are refused where two entries have the name, or one entry has two', async () => {
    const { directory, told } = open();
    for (const password of ['pw-one', 'pw-other'])
      expect(await directory.login('twin', password)).toBeUndefined();
    expect(await directory.login('two', 'pw-two')).toBeUndefined();
    expect(await directory.login('alice2', 'pw-two')).toBeUndefined();
    expect(new Set(told.refused)).toEqual(
      new Set(['more than one entry has the name', 'the entry has not exactly one name']),
    );
    directory.close();
  });

  it('are found only where the filter holds too', async () => {
    const filter = readFilter('(!(employeeType=left))');
    const { directory } = open({
      people: { base: PEOPLE, nameAttribute: 'uid', filter, changeAttributes: [] },
    });
    expect(await directory.login('gone', 'pw-gone')).toBeUndefined();
    expect(await directory.login('alice', 'correct horse')).toMatchObject({ right: true });
    directory.close();
    const all = open();
    expect(await all.directory.login('gone', 'pw-gone')).toMatchObject({ right: true });
    all.directory.close();
  });

  it('are another credential after a change that the directory tells of', async () => {
    const people = {
      base: PEOPLE,
      nameAttribute: 'uid',
      filter: undefined,
      changeAttributes: ['employeeNumber'],
    };
    const { directory } = open({ people });
    const before = await directory.find('gone');
    expect(await directory.find('gone')).toEqual(before);
    await slapd.modify(`dn: ${dnOf('gone')}\nchangetype: modify\nadd: employeeNumber\nemployeeNumber: 2\n`);
    const after = await directory.find('gone');
    expect(after?.credential).toMatch(/^ldap:/);
    expect(after?.credential).not.toBe(before?.credential);
    directory.close();
  });

  describe('have the groups', () => {
    const ALICE = 'alice';
    const bySearch = { ...BY_MEMBER_OF, by: 'search' } as const;
    it.each<readonly [string, Partial<typeof BY_MEMBER_OF>, readonly string[]]>([
      ['of the attribute, directly below the base alone', {}, ['ci']],
      ['of the whole tree', { scope: 'sub' }, ['ci', 'deep']],
      ['of groups, one level up', { depth: 1 }, ['ci', 'release team']],
      ['of groups, two levels up', { depth: 2 }, ['ci', 'release team', 'top']],
      ['of groups in a circle', { depth: 10 }, ['ci', 'release team', 'round', 'square', 'top']],
      ['that the filter lets through', { scope: 'sub', filter: readFilter('(cn=de*)') }, ['deep']],
      ['that the filter leads to', { depth: 3, filter: readFilter('(!(cn=release team))') }, ['ci']],
      ['of another place', { base: `ou=evil,${SUFFIX}` }, ['admins']],
      ['of no place', { base: `ou=nothing,${SUFFIX}` }, []],
    ])('%s', async (_what, rules, names) => {
      for (const by of [BY_MEMBER_OF, bySearch]) {
        const { directory, told } = open({ groups: { ...by, ...rules } });
        expect([by.by, (await directory.find(ALICE))?.groups]).toEqual([by.by, names]);
        expect(told.failures).toEqual([]);
        directory.close();
      }
    });

    it('by a rule of the server, in one question', async () => {
      // slapd has no rule that follows groups of groups; distinguishedNameMatch is asked for in the same way.
      const { directory } = open({
        groups: { ...BY_MEMBER_OF, by: 'matchingRule', rule: '2.5.13.1', scope: 'sub' },
      });
      expect((await directory.find('alice'))?.groups).toEqual(['ci', 'deep']);
      directory.close();
      const unknown = open({ groups: { ...BY_MEMBER_OF, by: 'matchingRule' } });
      expect((await unknown.directory.find('alice'))?.groups).toEqual([]);
      unknown.directory.close();
    });

    it('none without a place for groups', async () => {
      const { directory } = open({ groups: undefined });
      expect((await directory.find('alice'))?.groups).toEqual([]);
      directory.close();
    });

    it('of the moment, once what was read is too old', async () => {
      const clock = { ms: 1_000_000 };
      const { directory, told } = open({ now: () => clock.ms, refreshMs: 60_000, rememberMs: 60_000 });
      expect((await directory.login('zoë', 'pw-zoë'))?.person.groups).toEqual(['ci']);
      await slapd.modify(`dn: cn=ci,${GROUPS}\nchangetype: modify\ndelete: member\nmember: ${dnOf('zoë')}\n`);
      expect((await directory.find('zoë'))?.groups).toEqual(['ci']);
      expect(told.asked).toHaveLength(2);
      clock.ms += 60_000;
      expect((await directory.find('zoë'))?.groups).toEqual([]);
      expect((await directory.login('zoë', 'pw-zoë'))?.person.groups).toEqual([]);
      directory.close();
    });
  });

  it('are asked for their password again when the time for which it is remembered is over', async () => {
    const clock = { ms: 1_000_000 };
    const { directory, told } = open({ now: () => clock.ms, refreshMs: 60_000, rememberMs: 60_000 });
    const checks = () => told.asked.filter((asked) => asked.startsWith('check')).length;
    for (let count = 0; count < 3; count++)
      expect(await directory.login('alice', 'correct horse')).toMatchObject({ right: true });
    expect(checks()).toBe(1);
    expect(await directory.login('alice', 'wrong')).toMatchObject({ right: false });
    expect(await directory.login('alice', 'wrong')).toMatchObject({ right: false });
    expect(checks()).toBe(3);
    clock.ms += 60_000;
    expect(await directory.login('alice', 'correct horse')).toMatchObject({ right: true });
    expect(checks()).toBe(4);
    directory.close();
  });

  it('are looked up over a few connections, and checked each over a new one', async () => {
    const { directory } = open({ width: 2 });
    // slapd's lines may come a moment later; a search marks where its log has come to.
    const accepted = async (mark: string): Promise<number> => {
      await directory.find(mark);
      const log = await eventually(
        () => slapd.log(),
        (text) => text.includes(`uid=${mark}`),
      );
      return log.slice(0, log.indexOf(`uid=${mark}`)).split('ACCEPT').length;
    };
    const before = await accepted('mark-one');
    for (let count = 0; count < 5; count++) await directory.login('alice', 'correct horse');
    expect((await accepted('mark-two')) - before).toBe(5);
    directory.close();
  });
});

describeNeeding(['slapd', 'ldapadd'], 'accounts as Active Directory keeps them', () => {
  let slapd: RunningSlapd;
  const account = (name: string, more: string): string => `
dn: cn=${name},${PEOPLE}
changetype: add
objectClass: user
instanceType: 4
nTSecurityDescriptor: x
objectCategory: ${SUFFIX}
cn: ${name}
sn: ${name}
userPassword: pw
${more}
`;
  beforeAll(async () => {
    slapd = await startSlapd({
      microsoft: true,
      ldif: [
        account(
          'Alice',
          'userAccountControl: 512\naccountExpires: 9223372036854775807\npwdLastSet: 133000000000000000',
        ),
        account('disabled', 'userAccountControl: 514'),
        account('expired', 'userAccountControl: 512\naccountExpires: 132000000000000000'),
        account('never', 'userAccountControl: 512\naccountExpires: 0'),
      ].join('\n'),
    });
  }, 30_000);
  afterAll(() => slapd?.stop());

  it('log in where they are usable, and end their sessions with the password', async () => {
    const { directory, told } = openDirectory([clear(slapd.port)], {
      groups: undefined,
      // slapd's schema of it cannot search for a sAMAccountName.
      people: { base: PEOPLE, nameAttribute: 'cn', filter: undefined, changeAttributes: ['pwdLastSet'] },
    });
    expect(await directory.login('alice', 'pw')).toMatchObject({ right: true, person: { name: 'Alice' } });
    expect(await directory.login('never', 'pw')).toMatchObject({ right: true });
    expect(await directory.login('disabled', 'pw')).toBeUndefined();
    expect(await directory.login('expired', 'pw')).toBeUndefined();
    expect(told.refused).toEqual(['the account is disabled', 'the account has expired']);
    const before = await directory.find('alice');
    await slapd.modify(
      `dn: cn=Alice,${PEOPLE}\nchangetype: modify\nreplace: pwdLastSet\npwdLastSet: 133000000000000001\n`,
    );
    expect((await directory.find('alice'))?.credential).not.toBe(before?.credential);
    directory.close();
  });
});
