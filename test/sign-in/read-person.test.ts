import { describe, expect, test } from '@jest/globals';
import { isName } from '../../src/identity/ldap/names.ts';
import { credentialOf, readPerson } from '../../src/identity/sign-in/read-person.ts';
import { NAME } from '../../src/identity/users-schema.ts';
import { documented, issuerOf } from './settings-of.ts';

describe('the claims of a person', () => {
  test('name them after their issuer, with the groups that are listed', () => {
    const issuer = issuerOf({ groups: { always: ['staff'], claim: 'groups', among: ['auditors'] } });
    expect(readPerson({ sub: 'ann', groups: ['auditors', 'admins'] }, issuer)).toEqual({
      ok: true,
      subject: { name: 'corp:ann', kind: 'person', groups: ['staff', 'auditors'], method: 'oidc' },
    });
  });

  test.each(['alice', 'alice@corp.example', 'x:y', 'A'])(
    'of %s make no name that the users file or a directory could have',
    (sub) => {
      const read = readPerson({ sub }, issuerOf());
      const name = read.ok ? read.subject.name : '';
      expect(name).toBe(`corp:${sub}`);
      expect([NAME.test(name), isName(name)]).toEqual([false, false]);
    },
  );

  test.each([
    ['no subject', {}],
    ['an empty one', { sub: '' }],
    ['one with blanks', { sub: 'ann smith' }],
    ['one with a line end', { sub: 'ann\n' }],
    ['one of another script', { sub: 'аnn' }],
    ['a list as one', { sub: ['ann'] }],
    ['one that is too long', { sub: 'x'.repeat(252) }],
    ['two addresses in one', { sub: 'a@evil.example@corp.example' }],
  ])('with %s are refused, without a word of them', (_what, claims) => {
    const read = readPerson(claims, issuerOf());
    expect(read).toEqual({ ok: false, why: 'the claim sub cannot be taken as a name' });
  });

  test('have to be those that are required', () => {
    const issuer = issuerOf({ subject: 'email', require: { email_verified: ['true'] } });
    expect(readPerson({ email: 'ann@corp.example', email_verified: true }, issuer)).toMatchObject({
      ok: true,
    });
    for (const verified of [false, undefined, 'yes', ['true']])
      expect(readPerson({ email: 'ann@corp.example', email_verified: verified }, issuer)).toEqual({
        ok: false,
        why: 'the claim email_verified is not one that is taken here',
      });
  });

  test('put nobody into a group by something that is no list of texts', () => {
    const issuer = issuerOf({ groups: { claim: 'groups', among: ['auditors'] } });
    for (const groups of [{ auditors: true }, [1], [['auditors']], 7])
      expect(readPerson({ sub: 'ann', groups }, issuer)).toMatchObject({ ok: false });
    expect(readPerson({ sub: 'ann', groups: 'auditors' }, issuer)).toMatchObject({
      subject: { groups: ['auditors'] },
    });
    expect(readPerson({ sub: 'ann' }, issuer)).toMatchObject({ subject: { groups: [] } });
  });

  test('are read by the examples of the documentation', () => {
    const keycloak = issuerOf(documented('keycloak'));
    const sub = '6f1c2d34-5a67-4b89-9c01-23456789abcd';
    expect(readPerson({ sub, groups: ['auditors', 'offline_access'] }, keycloak)).toMatchObject({
      subject: { name: `corp:${sub}`, groups: ['auditors'] },
    });
    const gitlab = issuerOf(documented('gitlab'));
    expect(readPerson({ sub: '12', groups: ['platform', 'platform/inner'] }, gitlab)).toMatchObject({
      subject: { name: 'gitlab:12', groups: ['platform'] },
    });
  });
});

describe('what a session is bound to', () => {
  test('is another when the settings take something else of the claims', () => {
    const usual = credentialOf(issuerOf());
    expect(credentialOf(issuerOf({ title: 'Another', scopes: ['openid', 'profile'] }))).toBe(usual);
    for (const entry of [
      { issuer: 'https://other.corp' },
      { clientId: 'another' },
      { subject: 'preferred_username' },
      { require: { hd: ['corp'] } },
      { groups: { always: ['auditors'] } },
    ])
      expect(credentialOf(issuerOf(entry))).not.toBe(usual);
  });
});
