import { expect, it } from '@jest/globals';
import { lintWays } from '../../src/policy/lint-ways.ts';
import { policyOf } from './build.ts';

const NOTHING = { ldap: false, oidc: false, certificates: false };
const ALL = { ldap: true, oidc: true, certificates: true };

function said(conditions: string, provided = NOTHING): readonly string[] {
  const policy = policyOf(`hosts:
  proven: { addresses: [10.1.2.3], certificate: a.corp }
  plain: { addresses: [10.1.2.4] }
rules:
  - { id: r, allow: [push], repositories: ["**"], ${conditions} }
`);
  return lintWays(policy, provided).map(({ line, message }) => `${line} ${message}`);
}

const DIRECTORY = 'waits for people of a directory, and the settings have no `ldap`';
const CERTIFICATE = 'waits for client certificates, and the settings have no `clientCertificates`';
const waiting: readonly (readonly [string, string])[] = [
  ['who: { methods: [ldap] }', DIRECTORY],
  ['who: { methods: [ldap, oidc] }', DIRECTORY],
  ['who: { authenticated: true }, unless: { who: { methods: [ldap] } }', DIRECTORY],
  ['who: { certificates: [a.corp] }', CERTIFICATE],
  ['from: [proven]', CERTIFICATE],
  ['from: [plain, { certificate: "*.corp" }]', CERTIFICATE],
];

it.each(waiting)('a rule that waits for what no setting provides is told of: %s', (conditions, sentence) => {
  expect(said(conditions)).toEqual([`5 rule r: ${sentence}`]);
});

it.each(waiting)('nothing is said of it where a setting does: %s', (conditions) => {
  expect(said(conditions, ALL)).toEqual([]);
});

it.each(['who: { methods: [ldap, password] }', 'who: { methods: [oidc] }', 'from: [plain]'])(
  'nothing is said of a rule that others meet, or of which another check tells: %s',
  (conditions) => {
    expect(said(conditions)).toEqual([]);
  },
);
