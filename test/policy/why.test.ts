/** Explanations agree with decisions, and refusals tell what they may, for random policies and questions. */
import { describe, expect, it } from '@jest/globals';
import { decide } from '../../src/policy/decide.ts';
import { ANONYMOUS, type Question } from '../../src/policy/facts.ts';
import { neededFor } from '../../src/policy/needed.ts';
import type { Policy } from '../../src/policy/policy.ts';
import { questionFromJson, questionToJson } from '../../src/policy/question-json.ts';
import { describeRefusal } from '../../src/policy/refusal.ts';
import { answersOf } from '../../src/policy/why.ts';
import { policyOfDocuments } from './build.ts';
import {
  createRandom,
  randomDocument,
  randomLosses,
  randomQuestion,
  without,
  withoutBounds,
} from './random-policy.ts';

const SEED = 20261123;

/** Calls with random questions, some of whose facts are unknown. */
function each(check: (policy: Policy, question: Question) => void): void {
  const random = createRandom(SEED);
  for (let made = 0; made < 60; made++) {
    const policy = policyOfDocuments(randomDocument(random, 1 + random.below(20)));
    for (let asked = 0; asked < 50; asked++) {
      const known = randomQuestion(random);
      check(policy, random.chance(0.5) ? known : without(known, randomLosses(random)));
    }
  }
}

describe('the answers of all rules', () => {
  it('give the decision, and a reason wherever a rule does not hold', () => {
    const seen = { yes: 0, no: 0, unknown: 0 };
    each((policy, question) => {
      const answers = answersOf(policy, question) ?? [];
      // Bounds are no rule's doing.
      const decision = decide(policy, withoutBounds(question));
      const ids = (effect: string, holds: readonly string[]) =>
        answers
          .filter(({ rule, holds: held }) => rule.enforce && rule.effect === effect && holds.includes(held))
          .map(({ rule }) => rule.id)
          .sort();
      const denied = ids('deny', ['yes']);
      const allowed = ids('allow', ['yes', 'unknown']);
      expect(denied.length > 0 ? denied : allowed).toEqual(decision.rules);
      const open = denied.length === 0 && allowed.length > 0;
      const settled = ids('allow', ['yes']).length > 0 && ids('deny', ['unknown']).length === 0;
      expect(decision.verdict).toBe(open ? (settled ? 'granted' : 'possible') : 'refused');
      for (const { holds, why } of answers) {
        seen[holds]++;
        expect(why === '').toBe(holds === 'yes');
      }
      expect(answers).toHaveLength(policy.rules.length);
    });
    expect(Math.min(...Object.values(seen))).toBeGreaterThan(500);
  });
});

describe('a question', () => {
  it('is the same after a way through JSON', () => {
    each((_policy, question) => {
      expect(questionFromJson(JSON.parse(JSON.stringify(questionToJson(question))))).toEqual(question);
    });
  });
});

describe('a refusal', () => {
  it('tells what would have been needed within its limits, and names of users and addresses to nobody', () => {
    let told = 0;
    each((policy, question) => {
      const decision = decide(policy, question);
      const needed = neededFor(policy, question, decision);
      if (decision.verdict !== 'refused') {
        expect(needed).toEqual([]);
        return;
      }
      const line = describeRefusal({ decision, question, decisionId: '0123456789abcdef', needed });
      expect(line.length).toBeLessThanOrEqual(300);
      expect(line).toMatch(/decision 0123456789abcdef\)$/);
      if (needed.length > 0) told++;
      const users = new Set(
        policy.rules
          .flatMap(({ when, unless }) => [when, ...unless])
          .flatMap((one) => [...(one.users ?? []), ...(one.certificates ?? [])]),
      );
      const words = needed.join(' ').split(/[ ,]+/);
      expect(
        words.filter((word) => users.has(word) || /^[0-9a-f:.]+\/\d+$|^\d+\.\d+\.\d+\.\d+$/.test(word)),
      ).toEqual([]);
    });
    expect(told).toBeGreaterThan(200);
  });

  it('tells someone without a login only what kind of thing is missing', () => {
    const kinds = new Set<string>();
    each((policy, question) => {
      const asked = { ...question, subject: ANONYMOUS };
      const needed = neededFor(policy, asked, decide(policy, asked));
      expect(needed.length).toBeLessThanOrEqual(1);
      for (const kind of needed.flatMap((text) => text.split(', '))) kinds.add(kind);
    });
    const may = [
      'a login',
      'a login of a certain group',
      'another user',
      'another kind of login',
      'another way to log in',
      'a client certificate',
      'another build',
      'another address',
      'another tag',
      'another time',
      'another client',
      'another repository',
      'another certificate',
      'the address that fetched the token',
      'an approved grant',
      'a login without an approval',
      'a tag that does not exist yet',
      'a tag that exists already',
    ];
    expect([...kinds].filter((kind) => !may.includes(kind))).toEqual([]);
    expect(kinds.size).toBeGreaterThan(5);
  });
});
