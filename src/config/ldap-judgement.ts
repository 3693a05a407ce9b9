/** What is dangerous or cannot work in the settings of a directory. */
import type { Path } from '../policy/problem.ts';
import type { Settings } from './settings-schema.ts';

/** `refuse` notes a problem at a key. */
export function judgeLdap({ ldap }: Settings, refuse: (path: Path, sentence: string) => void): void {
  if (ldap === undefined) return;
  const { servers, startTls, allowPlaintext, groups } = ldap;
  for (const [index, server] of servers.entries()) {
    if (server.startsWith('ldaps:') || startTls || allowPlaintext) continue;
    refuse(
      ['ldap', 'servers', index],
      'passwords would be sent in the clear; expected ldaps://, or startTls: true (allowPlaintext: true sends them all the same)',
    );
  }
  if (startTls && servers.every((server) => server.startsWith('ldaps:')))
    refuse(
      ['ldap', 'startTls'],
      'ldaps:// servers are TLS from the beginning; leave it out, or write ldap://',
    );
  if (startTls && allowPlaintext)
    refuse(
      ['ldap', 'allowPlaintext'],
      'contradicts startTls, without which no password is sent; leave one of the two out',
    );
  if (new Set(servers).size < servers.length) refuse(['ldap', 'servers'], 'a server is listed twice');
  if (groups?.by === 'matchingRule' && groups.depth > 0)
    refuse(['ldap', 'groups', 'depth'], 'the matching rule follows all levels by itself; leave it out');
  if (groups?.memberValue === 'name' && (groups.by !== 'search' || groups.depth > 0))
    refuse(['ldap', 'groups', 'memberValue'], 'names are of people alone; expected by: search and no depth');
}
