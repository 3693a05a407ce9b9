import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ACTIONS, type Action, UNKNOWN, type Verdict } from '../../src/policy/facts.ts';
import { parseScopes, type Scope } from '../../src/protocol/scope.ts';
import { type AskPolicy, grant, scopeText } from '../../src/token/grant.ts';

/** A policy by a table: the verdict for each action; the worst of several. */
function policy(table: Partial<Record<Action, Verdict>>): AskPolicy {
  const order: readonly Verdict[] = ['granted', 'possible', 'refused'];
  return (_repository, actions) => {
    const worst = Math.max(...actions.map((action) => order.indexOf(table[action] ?? 'refused')));
    return order[worst] ?? 'refused';
  };
}

const PULLER = policy({ pull: 'granted' });
const PUSHER = policy({ pull: 'granted', create: 'possible', overwrite: 'possible' });
const OWNER = policy({
  pull: 'granted',
  create: 'granted',
  overwrite: 'granted',
  delete: 'granted',
  list: 'granted',
});

function grantText(ask: AskPolicy, ...values: string[]): string {
  const parsed = parseScopes(values);
  if (!parsed.ok) throw new Error(parsed.reason);
  return scopeText(grant(parsed.scopes, ask));
}

describe('a grant', () => {
  it.each([
    ['nothing for nothing', OWNER, [], ''],
    ['a pull', PULLER, ['repository:a:pull'], 'repository:a:pull'],
    ['no more than policy gives', PULLER, ['repository:a:pull,push'], 'repository:a:pull'],
    ['no entry where nothing is given', PULLER, ['repository:a:push', 'repository:b:delete'], ''],
    ['a push that is only possible yet', PUSHER, ['repository:a:push,pull'], 'repository:a:pull,push'],
    ['no more than was asked', OWNER, ['repository:a:pull'], 'repository:a:pull'],
    [
      'the same whatever the order',
      OWNER,
      ['repository:a:delete,push,pull'],
      'repository:a:pull,push,delete',
    ],
    ['the words that * stands for', OWNER, ['repository:a:*'], 'repository:a:pull,push,delete'],
    ['of * what policy gives', PULLER, ['repository:a:*'], 'repository:a:pull'],
    ['* with an unknown word', PUSHER, ['repository:a:*,bogus'], 'repository:a:pull,push'],
    ['nothing for unknown words', OWNER, ['repository:a:bogus,write'], ''],
    ['nothing for our own words', OWNER, ['repository:a:create,overwrite,list,audit'], ''],
    [
      'one entry for one name',
      OWNER,
      ['repository:a:pull', 'repository:b:pull repository:a:push'],
      'repository:a:pull,push repository:b:pull',
    ],
    ['the list of repositories', OWNER, ['registry:catalog:*'], 'registry:catalog:*'],
    ['no list where that is refused', PUSHER, ['registry:catalog:*'], ''],
    ['no list by another word', OWNER, ['registry:catalog:pull,list'], ''],
    ['nothing else of the registry', OWNER, ['registry:other:*'], ''],
    [
      'a push beside a pull that is refused',
      PUSHER,
      ['repository:a:push', 'repository:other(x):b:pull'].slice(0, 1),
      'repository:a:push',
    ],
  ] as const)('gives %s', (_what, ask, scopes, granted) => {
    expect(grantText(ask, ...scopes)).toBe(granted);
  });

  it('decides each repository by itself', () => {
    const ask: AskPolicy = (repository) => (repository === 'team/app' ? 'granted' : 'refused');
    expect(grantText(ask, 'repository:team/app:pull,push repository:foreign:pull registry:catalog:*')).toBe(
      'repository:team/app:pull,push',
    );
  });

  it('asks for a push whether the tag may be new or not, and for the list of no repository', () => {
    const asked: unknown[] = [];
    grantText((...question) => {
      asked.push(question);
      return 'refused';
    }, 'repository:a:push registry:catalog:*');
    expect(asked).toEqual([
      ['a', ['create', 'overwrite']],
      [UNKNOWN, ['list']],
    ]);
  });

  it('gives a push to one who may only create: what the tag is, is not known yet', () => {
    // Policy answers `possible` where it would allow one of the two.
    const ask: AskPolicy = (_repository, actions) => (actions.includes('create') ? 'possible' : 'refused');
    expect(grantText(ask, 'repository:a:*')).toBe('repository:a:push');
  });

  it('never gives what was not asked, what policy refuses, or * of a repository', () => {
    const words = fc.constantFrom('pull', 'push', 'delete', '*', 'bogus', ...ACTIONS);
    const scope: fc.Arbitrary<Scope> = fc.record({
      type: fc.constantFrom('repository' as const, 'registry' as const),
      name: fc.constantFrom('a', 'b', 'catalog'),
      actions: fc.array(words, { maxLength: 5 }),
    });
    const table = fc.dictionary(
      fc.constantFrom(...ACTIONS),
      fc.constantFrom<Verdict>('granted', 'possible', 'refused'),
    );
    fc.assert(
      fc.property(fc.array(scope, { maxLength: 6 }), table, (scopes, verdicts) => {
        const ask = policy(verdicts);
        const granted = grant(scopes, ask);
        const names = granted.map(({ type, name }) => `${type}:${name}`);
        expect(new Set(names).size).toBe(names.length);
        for (const { type, name, actions } of granted) {
          const asked = scopes
            .filter((one) => one.type === type && one.name === name)
            .flatMap((one) => one.actions);
          expect(actions.length).toBeGreaterThan(0);
          expect(new Set(actions).size).toBe(actions.length);
          for (const word of actions) {
            expect(asked.includes(word) || asked.includes('*')).toBe(true);
            expect(word === '*').toBe(type === 'registry');
            const meaning: Action[] =
              type === 'registry' ? ['list'] : word === 'push' ? ['create', 'overwrite'] : [word as Action];
            expect(ask(name, meaning)).not.toBe('refused');
          }
        }
      }),
    );
  });
});
