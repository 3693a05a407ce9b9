/** What limits a robot or a grant, beside what the rules let it do. */
import { describe, expect, it } from '@jest/globals';
import { faultOfBounds } from '../../src/policy/bounds.ts';
import { decide } from '../../src/policy/decide.ts';
import { type Bounds, type Question, type Subject, UNKNOWN } from '../../src/policy/facts.ts';
import { describeRefusal } from '../../src/policy/refusal.ts';
import { policyOf } from './build.ts';

const policy = policyOf(`
rules:
  - { id: anyone-pulls, allow: [pull], repositories: ["base/**"] }
  - { id: ci-all, allow: [pull, push, delete], repositories: ["**"], who: { groups: [ci] } }
  - { id: not-secret, deny: [pull], repositories: ["base/secret"], who: { users: [deployer] } }
`);
const BOUNDS: Bounds = {
  repositories: ['team/**', 'tools/x'],
  actions: ['pull', 'push'],
  tags: ['v*'],
  addresses: ['10.1.2.11', '2001:db8::11'],
};

function asked(question: Partial<Question>, bounds: Bounds = BOUNDS): Question {
  const subject: Subject = { name: 'deployer', kind: 'robot', groups: ['ci'], method: 'robot', bounds };
  return {
    subject,
    address: '10.1.2.11',
    tokenAddress: '10.1.2.11',
    repository: 'team/app',
    actions: ['create'],
    tag: 'v1',
    time: 0,
    client: undefined,
    certificates: [],
    ...question,
  };
}

const verdictOf = (question: Partial<Question>, bounds?: Bounds) =>
  decide(policy, asked(question, bounds)).verdict;

describe('bounds', () => {
  it.each([
    ['what is in all of them', {}, 'granted'],
    ['a repository beside them', { repository: 'other/app' }, 'refused'],
    ['a name that a prefix alone would fit', { repository: 'team' }, 'refused'],
    ['a tag beside them', { tag: 'latest' }, 'refused'],
    ['an image that goes by digest', { tag: undefined }, 'granted'],
    ['another action', { actions: ['delete'], tag: undefined }, 'refused'],
    ['another address', { address: '10.1.2.12' }, 'refused'],
    ['the other address of the host', { address: '2001:0db8:0::11' }, 'granted'],
    ['an address that is not known yet', { address: UNKNOWN }, 'possible'],
    ['a tag that is not known yet', { tag: UNKNOWN }, 'possible'],
    [
      'a repository that is not known yet',
      { repository: UNKNOWN, actions: ['pull'], tag: undefined },
      'possible',
    ],
    [
      'what anyone may do without a login',
      { repository: 'base/os', actions: ['pull'], tag: undefined },
      'granted',
    ],
    [
      'the same from elsewhere',
      { repository: 'base/os', actions: ['pull'], tag: undefined, address: '10.9.9.9' },
      'granted',
    ],
    [
      'what is forbidden to this name, though anyone else may do it',
      { repository: 'base/secret', actions: ['pull'], tag: undefined },
      'refused',
    ],
  ] as const)('%s: %j is %s', (_name, question, verdict) => {
    expect(verdictOf(question as Partial<Question>)).toBe(verdict);
  });

  it('that cannot be read hold nothing', () => {
    expect(verdictOf({}, { ...BOUNDS, repositories: ['{user}/**'] })).toBe('refused');
    expect(verdictOf({}, { ...BOUNDS, tags: ['**'] })).toBe('refused');
    expect(verdictOf({}, { ...BOUNDS, actions: [] })).toBe('refused');
    expect(verdictOf({}, { ...BOUNDS, addresses: ['somewhere'] })).toBe('refused');
    expect(verdictOf({}, { ...BOUNDS, addresses: [] })).toBe('refused');
  });

  it('give nothing that the rules do not give', () => {
    const nobody = { ...asked({}).subject, groups: [] };
    expect(decide(policy, asked({ subject: nobody })).verdict).toBe('refused');
  });

  it('are what the refused person reads, without an address', () => {
    const question = asked({ repository: 'other/app' });
    const decision = decide(policy, question);
    expect(decision).toMatchObject({ bounded: true, rules: [], nearest: undefined });
    expect(describeRefusal({ decision, question, decisionId: 'd1' })).toBe(
      'This robot is for pull, push of team/**, tools/x, tags v*, from its host. ' +
        '(seen: deployer from 10.1.2.11, push other/app:v1; decision d1)',
    );
  });

  it.each([
    [{ repositories: ['{group}/**'] }, 'bounds name repositories without variables'],
    [{ repositories: [] }, 'expected at least one repository'],
    [{ repositories: ['Team'] }, 'repository names are lower case'],
    [{ actions: [] }, 'expected at least one action'],
    [{ tags: ['a/b'] }, 'is not a pattern of tags'],
    [{ addresses: ['10.1.2'] }, 'is no address'],
  ] as const)('of %j are a fault: %s', (part, sentence) => {
    expect(faultOfBounds({ ...BOUNDS, ...part })).toContain(sentence);
    expect(faultOfBounds(BOUNDS)).toBeUndefined();
  });
});
