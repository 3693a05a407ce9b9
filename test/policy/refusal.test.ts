import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { decide } from '../../src/policy/decide.ts';
import { ANONYMOUS, type Question, UNKNOWN } from '../../src/policy/facts.ts';
import { describeRefusal } from '../../src/policy/refusal.ts';
import { person, policyOf, question } from './build.ts';

const policy = policyOf(`
hosts:
  laptop-7: { addresses: [10.1.9.9] }
rules:
  - id: team-push
    allow: [push]
    repositories: ["team/**"]
    who: { groups: [ci] }
    from: [10.1.2.11]
    message: >
      Push through Jenkins.
      Runbook: https://wiki.corp/push
  - { id: keep, deny: [delete], repositories: ["keep/**"] }
`);
const ID = '0198c2f4-7d3a-7c11-9a55-0123456789ab';

function line(asked: Partial<Question>, registry?: string): string {
  const full = question({
    address: '10.1.9.9',
    repository: 'team/app',
    actions: ['create', 'overwrite'],
    ...asked,
  });
  const decision = decide(policy, full);
  return describeRefusal({
    decision,
    question: full,
    decisionId: ID,
    ...(registry === undefined ? {} : { registry }),
  });
}

describe('the line that a refused person reads', () => {
  it.each<[string, Partial<Question>, string]>([
    [
      'the rule’s sentence, who, from where, what for, the rule and the decision',
      { subject: person('alice') },
      `Push through Jenkins. Runbook: https://wiki.corp/push (seen: alice from 10.1.9.9 [laptop-7], push team/app; rule team-push; decision ${ID})`,
    ],
    [
      'the tag, where there is one',
      { subject: person('alice'), tag: 'v1', address: '10.1.9.8' },
      `Push through Jenkins. Runbook: https://wiki.corp/push (seen: alice from 10.1.9.8, push team/app:v1; rule team-push; decision ${ID})`,
    ],
    [
      'that a login is missing',
      { subject: ANONYMOUS },
      `Run docker login registry.corp first: pushes need a login. Push through Jenkins. Runbook: https://wiki.corp/push (seen: no login from 10.1.9.9 [laptop-7], push team/app; rule team-push; decision ${ID})`,
    ],
    [
      'that a rule forbids it, where the rule has no sentence',
      { subject: person('alice'), repository: 'keep/x', actions: ['delete'] },
      `A rule of this registry forbids this. (seen: alice from 10.1.9.9 [laptop-7], delete keep/x; rule keep; decision ${ID})`,
    ],
    [
      'that no rule allows it, where there is none',
      { subject: ANONYMOUS, repository: 'x', actions: ['pull'] },
      `No rule of this registry allows this. (seen: no login from 10.1.9.9 [laptop-7], pull x; decision ${ID})`,
    ],
    [
      'the address of the token, while no other is known',
      {
        subject: person('alice'),
        address: UNKNOWN,
        tokenAddress: '10.4.4.4',
        repository: UNKNOWN,
        actions: ['list'],
      },
      `No rule of this registry allows this. (seen: alice from 10.4.4.4, list the catalogue; decision ${ID})`,
    ],
    [
      'a question about the policy',
      { subject: person('alice'), repository: UNKNOWN, actions: ['policy'] },
      `No rule of this registry allows this. (seen: alice from 10.1.9.9 [laptop-7], ask about the rules; decision ${ID})`,
    ],
    [
      'what an administrator does',
      { subject: person('alice'), repository: 'team/app', actions: ['robots'] },
      `No rule of this registry allows this. (seen: alice from 10.1.9.9 [laptop-7], manage robots for team/app; decision ${ID})`,
    ],
    [
      'an overwrite where only that is refused',
      { subject: person('alice'), repository: 'x', actions: ['overwrite'], tag: 'latest' },
      `No rule of this registry allows this. (seen: alice from 10.1.9.9 [laptop-7], overwrite x:latest; decision ${ID})`,
    ],
  ])('says %s', (_name, asked, wanted) => {
    expect(line(asked, 'registry.corp')).toBe(wanted);
  });

  it('says what would have been needed, as fully as there is room', () => {
    const full = question({
      subject: person('alice'),
      address: '10.1.9.9',
      repository: 'team/app',
      actions: ['create'],
    });
    const told = (...needed: string[]) =>
      describeRefusal({ decision: decide(policy, full), question: full, decisionId: ID, needed });
    expect(told('from builders', 'another address')).toBe(
      `Push through Jenkins. Runbook: https://wiki.corp/push (seen: alice from 10.1.9.9 [laptop-7], push team/app; needed: from builders; rule team-push; decision ${ID})`,
    );
    const long = `from ${'x'.repeat(150)}`;
    expect(told(long, 'another address')).toContain('push team/app; needed: another address; rule team-push');
    expect(told(long)).toBe(told());
    expect(told('from a\u0007b')).toContain('needed: from a b;');
  });

  it('names no registry where none is given', () => {
    expect(line({ subject: ANONYMOUS })).toMatch(/^Run docker login first: /);
  });

  it('is one line of printable text, ends with the decision, and is short, whatever the names hold', () => {
    const text = fc.string({ unit: 'binary', maxLength: 400 });
    const long = fc
      .array(fc.constantFrom('abc', 'x'), { minLength: 30, maxLength: 100 })
      .map((parts) => parts.join('/'));
    fc.assert(
      fc.property(text, text, long, text, (name, address, repository, tag) => {
        const result = describeRefusal({
          decision: {
            verdict: 'refused',
            rules: [],
            message: 'Ask the people of the platform team. '.repeat(5),
            nearest: 'r',
            observed: [],
            host: 'build-host-with-a-long-name.corp.example',
          },
          question: question({
            subject: person(name),
            address: address.slice(0, 45),
            repository,
            tag,
            actions: ['create'],
          }),
          decisionId: ID,
        });
        expect(result).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u);
        expect(result.endsWith(`; rule r; decision ${ID})`)).toBe(true);
        expect(result.length).toBeLessThanOrEqual(300);
      }),
    );
  });

  it('shortens a long name of a repository before anything else', () => {
    const result = line({ subject: person('alice'), repository: `team/${'x'.repeat(240)}` });
    expect(result).toHaveLength(300);
    expect(result).toContain('Push through Jenkins. Runbook: https://wiki.corp/push (seen: alice');
    expect(result).toMatch(/push team\/x+\.\.\.x+; rule team-push/);
  });
});
