import { expect, it } from '@jest/globals';
import { decide } from '../../src/policy/decide.ts';
import { policyDocument } from '../../src/policy/schema.ts';
import { see } from '../../src/policy/seen.ts';
import { person, policyOfDocuments, question } from './build.ts';
import { decideNaively } from './naive.ts';

/**
 * Forty rules about one repository, told apart by user and then by group, and one without either; the users and groups
 * are so common elsewhere that the repository comes first.
 */
const crowd = Array.from({ length: 40 }, (_, index) => ({
  id: `crowd-${index}`,
  allow: ['push'],
  repositories: ['app/**'],
  who: { users: [index % 2 === 0 ? 'alice' : 'bob'], groups: [index % 4 < 2 ? 'ci' : 'ops'] },
  tags: [`v${index}`],
}));
const elsewhere = Array.from({ length: 100 }, (_, index) => ({
  id: `elsewhere-${index}`,
  allow: ['push'],
  repositories: [`team-${index}/**`],
  who: { users: ['alice', 'bob'], groups: ['ci', 'ops'] },
}));
const everyone = { id: 'everyone', allow: ['push'], repositories: ['app/**'] };
const policy = policyOfDocuments(policyDocument.parse({ rules: [...crowd, ...elsewhere, everyone] }));

it.each(
  ['alice', 'bob', 'eve'].flatMap((user) =>
    [['ci'], ['ops'], ['ci', 'ops'], []].flatMap((groups) =>
      ['v0', 'v1', 'v2', 'v3', 'latest'].map((tag) => ({ user, groups, tag })),
    ),
  ),
)('a rule of a crowd is found, and the one that nothing tells apart: %j', ({ user, groups, tag }) => {
  const asked = question({
    subject: person(user, ...groups),
    repository: 'app/shop',
    actions: ['create'],
    tag,
  });
  const decision = decide(policy, asked);
  expect(decision.rules).toContain('everyone');
  expect(decision).toEqual(decideNaively(policy, asked));
});

it('the index gives few of many', () => {
  const seen = see(question({ subject: person('alice', 'ci'), repository: 'app/shop', actions: ['create'] }));
  const found = seen && policy.index.candidates(seen).flat();
  expect(found).toHaveLength(11);
});
