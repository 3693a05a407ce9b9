import { describe, expect, it } from '@jest/globals';
import { dnKey, isBelow, parseDn } from '../../src/identity/ldap/dn.ts';

/** Each level as `attribute=value`, joined by `+`. */
function read(text: string): readonly string[] | undefined {
  return parseDn(text)?.map((level) =>
    level.map(({ attribute, value }) => `${attribute}=${value}`).join('+'),
  );
}

describe('a distinguished name', () => {
  it.each([
    ['cn=ci,ou=groups,dc=corp', ['cn=ci', 'ou=groups', 'dc=corp']],
    ['', []],
    ['CN = ci , OU=groups', ['cn=ci', 'ou=groups']],
    ['cn=a\\,b,dc=corp', ['cn=a,b', 'dc=corp']],
    ['cn=a\\2Cou\\3Dadmins,dc=corp', ['cn=a,ou=admins', 'dc=corp']],
    ['cn=zo\\C3\\AB,dc=corp', ['cn=zoë', 'dc=corp']],
    ['cn=𝒜b,dc=corp', ['cn=𝒜b', 'dc=corp']],
    ['cn="a,b",dc=corp', ['cn=a,b', 'dc=corp']],
    ['cn=a+uid=b,dc=corp', ['cn=a+uid=b', 'dc=corp']],
    ['cn=a\\ ,dc=corp', ['cn=a ', 'dc=corp']],
    ['cn=a\\\\,dc=corp', ['cn=a\\', 'dc=corp']],
    ['cn=a\\\\ ,dc=corp', ['cn=a\\', 'dc=corp']],
    ['2.5.4.3=a', ['2.5.4.3=a']],
  ])('is read: %s', (text, levels) => {
    expect(read(text)).toEqual(levels);
  });

  it.each([
    'cn',
    'cn=',
    '=a',
    'cn=a,',
    ',cn=a',
    'cn=a,,dc=b',
    'cn=a\\',
    'cn=\\zz',
    'cn=\\C3',
    'cn="a',
    'cn=a"b',
    'cn=#0403414243',
    'c n=a',
  ])('is refused: %j', (text) => {
    expect(parseDn(text)).toBeUndefined();
  });

  it('is compared without case, and not as text', () => {
    const key = (text: string) => dnKey(parseDn(text) ?? []);
    expect(key('CN=CI, OU=Groups,DC=corp')).toBe(key('cn=ci,ou=groups,dc=corp'));
    expect(key('cn=a+uid=b')).toBe(key('uid=B+CN=a'));
    expect(key('cn=a\\,ou=b')).not.toBe(key('cn=a,ou=b'));
  });

  it.each([
    ['cn=ci,ou=groups,dc=corp', 'ou=groups,dc=corp', true, true],
    ['cn=ci,OU=Groups,dc=CORP', 'ou=groups,dc=corp', true, true],
    ['cn=ci,ou=team,ou=groups,dc=corp', 'ou=groups,dc=corp', true, false],
    ['ou=groups,dc=corp', 'ou=groups,dc=corp', false, false],
    ['cn=ci,ou=evil,dc=corp', 'ou=groups,dc=corp', false, false],
    ['cn=ci\\,ou=groups,dc=corp', 'ou=groups,dc=corp', false, false],
    ['cn=ci,xou=groups,dc=corp', 'ou=groups,dc=corp', false, false],
    ['cn=ci,ou=groups,dc=corp,dc=evil', 'ou=groups,dc=corp', false, false],
  ])('%s lies below %s: %s, directly: %s', (dn, base, anywhere, directly) => {
    const levels = [parseDn(dn) ?? [], parseDn(base) ?? []] as const;
    expect(isBelow(...levels)).toBe(anywhere);
    expect(isBelow(...levels, 1)).toBe(directly);
  });
});
