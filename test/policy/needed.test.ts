import { describe, expect, it } from '@jest/globals';
import { decide } from '../../src/policy/decide.ts';
import { ANONYMOUS, type Question } from '../../src/policy/facts.ts';
import { neededFor } from '../../src/policy/needed.ts';
import { person, policyOf, question } from './build.ts';

const policy = policyOf(`
hosts:
  jenkins-01: { addresses: [10.1.2.11] }
networks:
  builders: [jenkins-01, 10.1.3.0/24]
  lab: [10.7.66.0/24]
rules:
  - { id: team-push, allow: [push], repositories: ["team/**"], who: { groups: [ci, release] }, from: [builders, jenkins-01] }
  - { id: raw-push, allow: [push], repositories: ["raw/**"], who: { users: [alice, bob] }, from: [10.1.2.0/28] }
  - { id: own, allow: [push], repositories: ["home/{user}/**"], who: { authenticated: true } }
  - { id: prod, allow: [push], repositories: ["prod/**"], who: { approved: true } }
  - { id: new-only, allow: [create], repositories: ["fixed/**"] }
  - { id: not-lab, allow: [pull], repositories: ["base/**"], unless: { from: [lab] } }
  - { id: hours, allow: [push], repositories: ["hours/**"], time: ["Mon-Fri 08:00-18:00 Europe/Berlin"] }
  - { id: vault-all, allow: [pull], repositories: ["vault/**"] }
  - id: vault
    deny: [pull]
    repositories: ["vault/**"]
    unless: [{ who: { groups: [security] }, from: [builders] }, { who: { users: [root] } }]
`);

function needed(asked: Partial<Question>): readonly string[] {
  const full = question({ address: '10.9.9.9', tokenAddress: '10.9.9.9', ...asked });
  return neededFor(policy, full, decide(policy, full));
}
const push = (repository: string) => ({ repository, actions: ['create', 'overwrite'] }) as const;

describe('what a refused person would have needed', () => {
  it.each<[string, Partial<Question>, readonly string[]]>([
    [
      'the address alone, by the names of the policy',
      { subject: person('alice', 'ci'), ...push('team/app') },
      ['from builders or jenkins-01', 'another address'],
    ],
    [
      'a group and an address',
      { subject: person('alice', 'dev'), ...push('team/app') },
      ['a member of ci or release, from builders or jenkins-01', 'another group, another address'],
    ],
    [
      'no name of a user, and no address',
      { subject: person('carol'), ...push('raw/x') },
      ['another user, another address'],
    ],
    ['an approval', { subject: person('alice'), ...push('prod/x') }, ['an approved grant']],
    [
      'a place below the own name',
      { subject: person('alice'), ...push('home/bob/x') },
      ['a repository home/{user}/**', 'another repository'],
    ],
    [
      'a tag that is new',
      { subject: person('alice'), repository: 'fixed/x', actions: ['overwrite'], tag: 'v1' },
      ['a tag that does not exist yet'],
    ],
    [
      'to be elsewhere, where an exception holds',
      { subject: person('alice'), repository: 'base/os', address: '10.7.66.1' },
      ['not from lab', 'another address'],
    ],
    [
      'another time',
      { subject: person('alice'), ...push('hours/x'), time: Date.UTC(2026, 10, 22, 12) },
      ['the time Mon-Fri 08:00-18:00 Europe/Berlin', 'another time'],
    ],
    [
      'the exception of a deny that lacks least',
      { subject: person('sam', 'security'), repository: 'vault/x' },
      ['from builders', 'another address'],
    ],
    [
      'nothing where no rule is near',
      { subject: person('alice'), repository: 'none/x', actions: ['delete'] },
      [],
    ],
    ['nothing where it is granted', { subject: person('alice'), repository: 'base/os' }, []],
  ])('is %s', (_name, asked, wanted) => {
    expect(needed(asked)).toEqual(wanted);
  });

  it('tells no name to someone without a login', () => {
    for (const repository of ['team/app', 'raw/x', 'home/bob/x', 'vault/x']) {
      const asked = repository === 'vault/x' ? { repository } : push(repository);
      const told = needed({ subject: ANONYMOUS, ...asked });
      expect(told).toHaveLength(1);
      expect(told.join()).not.toMatch(/ci|release|builders|jenkins|alice|bob|root|security|10\.|home/);
    }
    expect(needed({ subject: ANONYMOUS, ...push('team/app') })).toEqual([
      'a login of a certain group, another address',
    ]);
  });
});
