/** Decisions beside two others: every rule one after the other, and the rules as people read them. */
import { describe, expect, it } from '@jest/globals';
import { decide } from '../../src/policy/decide.ts';
import { UNKNOWN } from '../../src/policy/facts.ts';
import { policyOfDocuments } from './build.ts';
import { decideNaively } from './naive.ts';
import {
  ADDRESSES,
  AGENTS,
  createRandom,
  type Known,
  REPOSITORIES,
  randomDocument,
  randomLosses,
  randomQuestion,
  TAGS,
  TIMES,
  without,
} from './random-policy.ts';
import { reads } from './reference.ts';

/** `policies` of up to 50 rules, with `questions` for each. */
export function oracleSuite(seed: number, policies: number, questions: number): void {
  describe(`with seed ${seed}, ${policies} policies and ${questions} questions to each`, () => {
    it('the index finds what every rule one after the other gives', () => {
      const random = createRandom(seed);
      const tally = { granted: 0, refused: 0, possible: 0, nearest: 0, observed: 0 };
      for (let made = 0; made < policies; made++) {
        // Now and then so many that they stand in crowds, which are told apart by more than one condition.
        const most = made % 10 === 0 ? 300 : 50;
        const policy = policyOfDocuments(randomDocument(random, 1 + random.below(most)));
        for (let asked = 0; asked < questions; asked++) {
          const question = without(randomQuestion(random), randomLosses(random));
          const decision = decide(policy, question);
          const wanted = decideNaively(policy, question);
          if (!same(decision, wanted))
            expect({ made, question, decision }).toEqual({ made, question, decision: wanted });
          tally[decision.verdict]++;
          if (decision.nearest !== undefined) tally.nearest++;
          if (decision.observed.length > 0) tally.observed++;
        }
      }
      expect(Math.min(...Object.values(tally))).toBeGreaterThan(policies);
    });

    it('all facts known, it is granted or refused as people read the rules', () => {
      const random = createRandom(seed + 1);
      const tally = { granted: 0, refused: 0, possible: 0 };
      for (let made = 0; made < policies; made++) {
        const document = randomDocument(random, 1 + random.below(8));
        const policy = policyOfDocuments(document);
        for (let asked = 0; asked < questions / 5; asked++) {
          const question = randomQuestion(random);
          const { verdict } = decide(policy, question);
          const wanted = reads(document, question) ? 'granted' : 'refused';
          if (verdict !== wanted) expect({ document, question, verdict }).toBe(wanted);
          tally[verdict]++;
        }
      }
      expect(tally.possible).toBe(0);
      expect(Math.min(tally.granted, tally.refused)).toBeGreaterThan(policies);
    });

    it('granted and refused are so whatever the unknown facts turn out to be', () => {
      const random = createRandom(seed + 2);
      const tally = { granted: 0, refused: 0, possible: 0 };
      for (let made = 0; made < policies; made++) {
        const document = randomDocument(random, 1 + random.below(5));
        const policy = policyOfDocuments(document);
        for (let asked = 0; asked < questions / 25; asked++) {
          const early = without(randomQuestion(random), randomLosses(random));
          const { verdict } = decide(policy, early);
          tally[verdict]++;
          if (verdict === 'possible') continue;
          for (let later = 0; later < 10; later++) {
            const full = complete(early, randomQuestion(random), random.pick);
            const wanted = reads(document, full) ? 'granted' : 'refused';
            if (verdict !== wanted) expect({ document, early, full, verdict }).toBe(wanted);
          }
        }
      }
      expect(Math.min(...Object.values(tally))).toBeGreaterThan(policies / 10);
    });
  });
}

/** Cheaper than toEqual, a million times. */
function same(a: object, b: object): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** One of the questions that this one may turn out to be. */
function complete(
  early: ReturnType<typeof without>,
  other: Known,
  pick: <T>(list: readonly T[]) => T,
): Known {
  return {
    ...early,
    actions: [pick(early.actions)],
    address: early.address === UNKNOWN ? pick(ADDRESSES) : early.address,
    repository: early.repository === UNKNOWN ? pick(REPOSITORIES) : early.repository,
    tag: early.tag === UNKNOWN ? pick([...TAGS, undefined]) : early.tag,
    time: early.time === UNKNOWN ? pick(TIMES) : early.time,
    client: early.client === UNKNOWN ? pick([...AGENTS, undefined]) : early.client,
    certificates: early.certificates === UNKNOWN ? other.certificates : early.certificates,
  };
}
