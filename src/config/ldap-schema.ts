/** The settings of a directory of people. */
import { z } from 'zod';
import { isAuthority, path } from './settings-values.ts';

const server = z.string().refine(
  (text) => {
    const [, authority = ''] = /^ldaps?:\/\/([^/]+)$/.exec(text) ?? [];
    return isAuthority(authority);
  },
  {
    error:
      'expected ldaps:// or ldap://, a host in lower case, and a port if it is not the usual one; nothing behind',
  },
);
const attribute = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9-]{0,63}$/, { error: 'expected the name of an attribute' });
const dn = z.string().min(1).max(1024);
const filter = z.string().min(1).max(4096);
const seconds = (least: number, most: number) => z.int().min(least).max(most);

export const ldapSchema = z.strictObject({
  servers: z
    .array(server)
    .min(1)
    .max(8)
    .describe('The servers, which hold the same people: the first that answers is asked. ldaps://dc1.corp'),
  startTls: z
    .boolean()
    .default(false)
    .describe('true: connections to ldap:// servers are made TLS before anything is said.'),
  allowPlaintext: z
    .boolean()
    .default(false)
    .describe(
      'true: passwords are sent to ldap:// servers in the clear, where everyone on the way reads them.',
    ),
  caFile: path
    .optional()
    .describe('PEM: the authorities of the servers’ certificates. Absent: those that Node knows.'),
  bind: z
    .strictObject({
      dn: dn.describe('Distinguished name of the account that searches. It needs no right but to read.'),
      passwordFile: path.describe('A file of one line, its password. Read at each new connection.'),
    })
    .optional()
    .describe('The account that searches. Absent: searches are anonymous.'),
  users: z
    .strictObject({
      base: dn.describe('Where people are: this entry and all below.'),
      attribute: attribute
        .default('uid')
        .describe(
          'What people type as their name, and what they are called in rules and records. Active Directory: sAMAccountName.',
        ),
      filter: filter
        .optional()
        .describe(
          'A filter that must hold as well, for example (objectClass=person). It does not name the user.',
        ),
      changeAttributes: z
        .array(attribute)
        .max(16)
        .default(['pwdChangedTime', 'pwdLastSet', 'shadowLastChange'])
        .describe('Attributes that change with the password: when one does, the sessions of the person end.'),
    })
    .describe('Who may log in.'),
  groups: z
    .strictObject({
      base: dn.describe('Where groups are. Only those directly below count, or all below with `scope: sub`.'),
      scope: z
        .enum(['one', 'sub'])
        .default('one')
        .describe('sub: whoever may make groups anywhere below the base can make one of any name.'),
      by: z
        .enum(['memberOf', 'search', 'matchingRule'])
        .default('memberOf')
        .describe(
          'memberOf: by the attribute of the person. search: by the members of the groups. matchingRule: the same, and Active Directory follows groups of groups.',
        ),
      nameAttribute: attribute
        .default('cn')
        .describe('The attribute in a group’s distinguished name, whose value rules name.'),
      memberOfAttribute: attribute
        .default('memberOf')
        .describe('For memberOf: the attribute of people and groups.'),
      memberAttribute: attribute
        .default('member')
        .describe('For search and matchingRule: the attribute of groups.'),
      memberValue: z
        .enum(['dn', 'name'])
        .default('dn')
        .describe(
          'For search: what the attribute of a group holds, distinguished names or names (memberUid).',
        ),
      filter: filter.optional().describe('Only groups count for which it holds.'),
      depth: z
        .int()
        .min(0)
        .max(10)
        .default(0)
        .describe(
          'How many levels of groups of groups count, for memberOf and search. Groups further up do not.',
        ),
    })
    .optional()
    .describe('The groups of people. Absent: they have none.'),
  refreshSeconds: seconds(0, 3600)
    .default(60)
    .describe(
      'How long groups and the state of an account count before the directory is asked again, for sessions too.',
    ),
  rememberSeconds: seconds(0, 3600)
    .default(60)
    .describe('How long a password that was right is not tried again. 0: always try.'),
  connectSeconds: seconds(1, 60)
    .default(3)
    .describe('How long a connection may take to be made, TLS included.'),
  answerSeconds: seconds(1, 60).default(5).describe('How long one answer may take.'),
  loginSeconds: seconds(1, 120)
    .default(15)
    .describe('How long a look-up or a check may take in all, over all servers. Then: 503.'),
  connections: z
    .int()
    .min(1)
    .max(64)
    .default(8)
    .describe('Questions to the directory under way at once. Eight times as many may wait; more get 503.'),
  refusalMilliseconds: z
    .int()
    .min(0)
    .max(10_000)
    .default(500)
    .describe(
      'A failed login, of whichever kind, is answered after so long or a multiple of it, so that time does not tell which names exist. 0: at once.',
    ),
});
