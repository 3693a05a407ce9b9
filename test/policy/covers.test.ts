import { describe, expect, it } from '@jest/globals';
import { repositoryGlobCovers, ruleCovers } from '../../src/policy/covers.ts';
import { decide } from '../../src/policy/decide.ts';
import { parseRepositoryGlob } from '../../src/policy/glob.ts';
import { findCovered } from '../../src/policy/lint-covered.ts';
import { see } from '../../src/policy/seen.ts';
import { weighRule } from '../../src/policy/weigh.ts';
import { policyOfDocuments } from './build.ts';
import { createRandom, randomDocument, randomQuestion } from './random-policy.ts';

function glob(text: string) {
  const parsed = parseRepositoryGlob(text);
  if (!parsed.ok) throw new Error(parsed.reason);
  return parsed.glob;
}

describe('a pattern that covers another', () => {
  it.each([
    ['**', '{group}/**', true],
    ['**', 'a', true],
    ['*', 'a', true],
    ['*', '**', false],
    ['a/**', 'a/b/**', true],
    ['a/**', 'a/*/c', true],
    ['a/**', 'a', false],
    ['a/**', '{user}/**', false],
    ['*/**', '{user}/**', true],
    ['*/x', '{build.project}/x', false],
    ['**/x', '{build.project}/x', true],
    ['*/x', '{build.branch}/x', true],
    ['{user}/**', '{user}/x', true],
    ['{user}/**', 'alice/x', false],
    ['{build.project}/**', '{build.project}/a/b', true],
    ['**/c', 'a/**/c', true],
    ['a/**/c', '**/c', false],
    ['team-*', 'team-web', true],
    ['team-*', 'team-*-x', true],
    ['team-*-x', 'team-*', false],
    ['*-x', 'team-*x', false],
    ['a/*/*', 'a/**', false],
    ['a/**', 'a/**', true],
  ])('%s, %s: %s', (outer, inner, wanted) => {
    expect(repositoryGlobCovers(glob(outer), glob(inner))).toBe(wanted);
  });
});

describe('a rule that covers another', () => {
  it('holds wherever the other does', () => {
    const random = createRandom(7);
    let covered = 0;
    for (let made = 0; made < 120; made++) {
      const { rules } = policyOfDocuments(randomDocument(random, 20));
      for (const outer of rules) {
        for (const inner of rules) {
          if (outer === inner || outer.effect !== inner.effect || !ruleCovers(outer, inner)) continue;
          covered++;
          for (let asked = 0; asked < 40; asked++) {
            const question = randomQuestion(random);
            const seen = see(question);
            if (!seen || weighRule(inner, seen) !== true) continue;
            const truth = weighRule(outer, seen);
            if (truth !== true)
              expect({ outer: outer.written, inner: inner.written, question, truth }).toBe(true);
          }
        }
      }
    }
    expect(covered).toBeGreaterThan(100);
  });

  it('may be missed among what is told of, but what is told can be taken away and nothing changes', () => {
    const random = createRandom(8);
    let told = 0;
    for (let made = 0; made < 80; made++) {
      const document = randomDocument(random, 25);
      const whole = policyOfDocuments(document);
      const [id] = findCovered(whole.rules).keys();
      if (id === undefined) continue;
      told++;
      const rules = document.rules?.filter((rule) => rule.id !== id) ?? [];
      const less = policyOfDocuments({ ...document, rules });
      for (let asked = 0; asked < 60; asked++) {
        const question = randomQuestion(random);
        const [before, after] = [whole, less].map((policy) => decide(policy, question).verdict);
        if (before !== after) expect({ document, id, question, before }).toBe(after);
      }
    }
    expect(told).toBeGreaterThan(15);
  });
});
