/** Decisions beside those of Cedar, which knows nothing of this code. */
import { describe, expect, it } from '@jest/globals';
import { decide } from '../../src/policy/decide.ts';
import { ANONYMOUS } from '../../src/policy/facts.ts';
import { policyOfDocuments } from './build.ts';
import { cedarOf, createCedar } from './cedar.ts';
import { createRandom, randomDocument, randomQuestion } from './random-policy.ts';
import { isWithinBounds } from './reference.ts';

export function cedarSuite(seed: number, policies: number, questions: number): void {
  describe(`with seed ${seed}, ${policies} policies and ${questions} questions to each`, () => {
    it('it is granted where Cedar allows it', () => {
      const random = createRandom(seed);
      const tally = { granted: 0, refused: 0, possible: 0 };
      for (let made = 0; made < policies; made++) {
        const document = randomDocument(random, 1 + random.below(15), true);
        const policy = policyOfDocuments(document);
        const allows = createCedar(cedarOf(document));
        for (let asked = 0; asked < questions; asked++) {
          const question = randomQuestion(random);
          const { verdict } = decide(policy, question);
          const allowed =
            allows(question) && (isWithinBounds(question) || allows({ ...question, subject: ANONYMOUS }));
          const wanted = allowed ? 'granted' : 'refused';
          if (verdict !== wanted)
            expect({ cedar: cedarOf(document), question, verdict }).toEqual({ question, verdict: wanted });
          tally[verdict]++;
        }
      }
      expect(tally.possible).toBe(0);
      expect(Math.min(tally.granted, tally.refused)).toBeGreaterThan(policies);
    });
  });
}
