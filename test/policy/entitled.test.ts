/** Rights over all repositories of a pattern, and what of them can be given away, beside decisions on single ones. */
import { describe, expect, it } from '@jest/globals';
import { decide } from '../../src/policy/decide.ts';
import { mayEverywhere, mayGive } from '../../src/policy/entitled.ts';
import { type Action, ANONYMOUS, type Subject } from '../../src/policy/facts.ts';
import type { RuleContent } from '../../src/policy/schema.ts';
import { person, policyOf, policyOfDocuments, question } from './build.ts';
import { ADDRESSES, createRandom, REPOSITORIES, randomDocument, randomQuestion } from './random-policy.ts';
import { isWithinBounds } from './reference.ts';

const LEA = person('lea', 'leads', 'web');
const policy = policyOf(`
rules:
  - { id: lead-robots, allow: [robots], repositories: ["web/**"], who: { groups: [leads] }, from: [10.0.0.0/8] }
  - { id: group-push, allow: [pull, push], repositories: ["{group}/**"], who: { authenticated: true }, from: [10.1.2.0/28] }
  - { id: not-secret, deny: [push], repositories: ["web/secret/**"], who: { users: [lea] } }
  - { id: not-at-night, deny: [push], repositories: ["**"], time: ["Mon-Sun 22:00-06:00 UTC"] }
  - { id: own-robots, allow: [robots], repositories: ["{user}/**"], who: { authenticated: true }, unless: { repositories: ["*/shared"] } }
`);
const robot = (...groups: string[]): Subject => ({
  name: 'deployer',
  kind: 'robot',
  groups,
  method: 'robot',
});
const now = (subject: Subject, address = '10.1.2.3') => ({
  subject,
  address,
  tokenAddress: address,
  time: 0,
  client: undefined,
  certificates: [],
});

describe('a right over a pattern', () => {
  it.each([
    ['web/**', LEA, '10.1.2.3', true],
    ['web/app', LEA, '10.1.2.3', true],
    ['web', LEA, '10.1.2.3', false],
    ['**', LEA, '10.1.2.3', false],
    ['w*/**', LEA, '10.1.2.3', false],
    ['web/**', LEA, '192.0.2.1', false],
    ['web/**', person('bob', 'web'), '10.1.2.3', false],
    ['lea/x', LEA, '10.1.2.3', true],
    ['lea/shared', LEA, '10.1.2.3', false],
    ['lea/**', LEA, '10.1.2.3', false],
    ['{user}/**', LEA, '10.1.2.3', false],
    ['web/**', ANONYMOUS, '10.1.2.3', false],
  ] as const)('of %s for %o from %s: %s', (pattern, subject, address, wanted) => {
    expect(mayEverywhere(policy, now(subject, address), 'robots', pattern)).toBe(wanted);
  });

  it.each([
    ['what the giver may from somewhere', 'push', 'web/app', robot('web'), true],
    ['all of a pattern, of which the giver may all', 'pull', 'web/**', robot('web'), true],
    ['what is forbidden to the giver alone', 'push', 'web/secret/x', robot('web'), false],
    ['a pattern in which something is', 'push', 'web/**', robot('web'), false],
    ['what the giver has no rule for', 'push', 'base/**', robot(), false],
    ['what is wider than the giver has', 'pull', '**', robot('web'), false],
    ['another action', 'delete', 'web/app', robot('web'), false],
  ] as const)('can be given: %s', (_name, action, pattern, taker, wanted) => {
    const actions: readonly Action[] = action === 'push' ? ['create', 'overwrite'] : [action];
    expect(actions.every((one) => mayGive(policy, LEA, taker, one, pattern))).toBe(wanted);
  });
});

describe('for random policies', () => {
  const PATTERNS = ['**', 'a/**', '*', 'a/b', 'team/**', 'ci/*'];

  it('whoever surely has a right over a pattern has it over each of its repositories', () => {
    const random = createRandom(7);
    let proved = 0;
    for (let made = 0; made < 150; made++) {
      const drawn = policyOfDocuments(randomDocument(random, 1 + random.below(8)));
      for (let asked = 0; asked < 10; asked++) {
        const full = randomQuestion(random);
        const { bounds: _, ...subject } = full.subject;
        const [action = 'pull'] = full.actions;
        const pattern = random.pick(PATTERNS);
        if (!mayEverywhere(drawn, { ...full, subject }, action, pattern)) continue;
        proved++;
        for (const repository of REPOSITORIES.filter((name) => fits(pattern, name)))
          expect(decide(drawn, { ...full, subject, repository }).verdict).toBe('granted');
      }
    }
    expect(proved).toBeGreaterThan(20);
  });

  it('what can be given is nowhere forbidden to the giver and open to the taker', () => {
    const random = createRandom(8);
    let proved = 0;
    for (let made = 0; made < 150; made++) {
      const document = randomDocument(random, 1 + random.below(8));
      const drawn = policyOfDocuments(document);
      // What allows is the policy's own choice, whoever made the robot; so here everything is allowed that is not denied.
      const denies = (document.rules ?? []).filter(({ deny }) => deny !== undefined);
      const open = policyOfDocuments({ ...document, rules: [...denies, ALL] });
      for (let asked = 0; asked < 10; asked++) {
        const full = randomQuestion(random);
        const giver: Subject = { name: 'alice', kind: 'person', groups: ['ci', 'a'], method: 'password' };
        const taker = robot('ci');
        const [action = 'pull'] = full.actions;
        const pattern = random.pick(PATTERNS);
        if (!mayGive(drawn, giver, taker, action, pattern)) continue;
        proved++;
        for (const repository of REPOSITORIES.filter((name) => fits(pattern, name))) {
          for (const address of ADDRESSES) {
            const one = { ...full, repository, address, actions: [action] };
            if (decide(open, { ...one, subject: giver }).verdict === 'refused')
              expect(decide(open, { ...one, subject: taker }).verdict).toBe('refused');
          }
        }
      }
    }
    expect(proved).toBeGreaterThan(20);
  });

  const ALL: RuleContent = {
    id: 'all',
    allow: ['pull', 'push', 'delete', 'list', 'audit', 'robots'],
    repositories: ['**'],
    enforce: true,
  };
  function fits(pattern: string, repository: string): boolean {
    const bounds = { repositories: [pattern], actions: ['pull'] as const };
    const known = {
      address: '10.1.2.3',
      repository,
      tag: undefined,
      time: 0,
      client: undefined,
      certificates: [],
    };
    return isWithinBounds({
      ...question({ subject: { ...ANONYMOUS, bounds }, actions: ['pull'] }),
      ...known,
    });
  }
});
