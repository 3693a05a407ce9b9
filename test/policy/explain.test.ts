import { describe, expect, it } from '@jest/globals';
import { explain } from '../../src/policy/explain.ts';
import { type Question, UNKNOWN } from '../../src/policy/facts.ts';
import { person, policyOf, question } from './build.ts';

const policy = policyOf(`
networks:
  builders: [10.1.2.0/28]
sets:
  groups: { makers: [ci, release] }
rules:
  - id: push
    allow: [push]
    repositories: ["app/**"]
    who: { groups: ["set:makers"] }
    from: [builders]
    time: [Mon-Fri 08:00-18:00 UTC]
    bind: address
    unless: [{ tags: [latest] }, { from: [10.1.2.9], repositories: [app/x] }]
`);

function told(asked: Partial<Question>) {
  const [rule] =
    explain(policy.rules, question({ actions: ['create'], repository: 'app/x', ...asked })) ?? [];
  return rule;
}

describe('an explanation', () => {
  it('gives each condition, what it asks and what was seen', () => {
    const monday = Date.UTC(2026, 5, 1, 9);
    const rule = told({
      subject: person('joe', 'ci'),
      address: '10.1.2.9',
      tokenAddress: '10.1.2.9',
      tag: UNKNOWN,
      time: monday,
    });
    expect(rule?.truth).toBe(false);
    expect(rule?.facts).toEqual([
      { fact: 'actions', truth: true, wanted: ['create', 'overwrite'], seen: 'create' },
      { fact: 'repositories', truth: true, wanted: ['app/**'], seen: 'app/x' },
      { fact: 'groups', truth: true, wanted: ['ci', 'release'], seen: 'ci' },
      { fact: 'from', truth: true, wanted: ['builders'], seen: '10.1.2.9' },
      { fact: 'time', truth: true, wanted: ['Mon-Fri 08:00-18:00 UTC'], seen: '2026-06-01T09:00:00.000Z' },
      { fact: 'bind', truth: true, wanted: ['10.1.2.9'], seen: '10.1.2.9' },
    ]);
    expect(rule?.unless).toEqual([
      { truth: UNKNOWN, facts: [{ fact: 'tags', truth: UNKNOWN, wanted: ['latest'], seen: 'unknown' }] },
      {
        truth: true,
        facts: [
          { fact: 'repositories', truth: true, wanted: ['app/x'], seen: 'app/x' },
          { fact: 'from', truth: true, wanted: ['10.1.2.9'], seen: '10.1.2.9' },
        ],
      },
    ]);
  });

  it('says what fails and what is not known yet', () => {
    const rule = told({ subject: person('joe'), address: UNKNOWN, tokenAddress: '10.9.9.9', time: UNKNOWN });
    const truths = rule?.facts.map(({ fact, truth }) => [fact, truth]);
    // A bound token is used where it was fetched, so that address is the one that counts.
    expect(truths).toEqual([
      ['actions', true],
      ['repositories', true],
      ['groups', false],
      ['from', false],
      ['time', UNKNOWN],
      ['bind', UNKNOWN],
    ]);
  });

  it('is none for a question that makes no sense', () => {
    expect(explain(policy.rules, question({ repository: '../x' }))).toBeUndefined();
  });
});
