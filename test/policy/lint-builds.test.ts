import { expect, it } from '@jest/globals';
import { lintBuilds } from '../../src/policy/lint-builds.ts';
import { policyOf } from './build.ts';

const GITLAB = { issuer: 'https://gitlab.corp', facts: ['project', 'branch'] };
const JENKINS = { issuer: 'https://jenkins.corp/oidc', facts: ['job'] };

/** What is said of one rule with these conditions. */
function said(conditions: string, issuers = [GITLAB, JENKINS]): readonly string[] {
  const policy = policyOf(`rules:
  - { id: r, allow: [push], repositories: ["**"], ${conditions} }
`);
  return lintBuilds(policy, issuers).map(({ line, message }) => `${line} ${message}`);
}

it.each([
  'who: { kinds: [build] }',
  'who: { kinds: [build], methods: [oidc] }, build: { project: ["team/**"], branch: [main] }',
  'build: { issuer: ["https://gitlab.corp"], branch: [main] }',
  'build: { issuer: ["https://*.corp/**"], job: ["**"] }',
])('nothing is said of a rule that an issuer can meet: %s', (conditions) => {
  expect(said(conditions)).toEqual([]);
});

it.each([
  ['build: { issuer: ["https://gitlab.com"] }', 'no issuer under `oidc` is https://gitlab.com'],
  ['build: { environment: [production] }', 'asks for the environment of a build'],
  ['build: { issuer: ["https://jenkins.corp/oidc"], branch: [main] }', 'asks for the branch of a build'],
  ['unless: { build: { event: [schedule] } }', 'asks for the event of a build'],
])('a rule that no issuer can meet is told of: %s', (conditions, sentence) => {
  expect(said(conditions)).toEqual([expect.stringContaining(`2 rule r: ${sentence}`)]);
});

it.each(['who: { kinds: [build] }', 'who: { methods: [oidc] }', 'build: { branch: [main] }'])(
  'without issuers no rule can wait for builds: %s',
  (conditions) => {
    expect(said(conditions, [])).toEqual([
      '2 rule r: waits for builds, and the settings list no issuer under `oidc`',
    ]);
  },
);

it('a rule that others meet too waits for nobody', () => {
  expect(said('who: { kinds: [person, build], methods: [password, oidc] }', [])).toEqual([]);
});
