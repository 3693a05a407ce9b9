/** The difference of two policies: nothing is missed, and what says the same makes none. */
import { describe, expect, it } from '@jest/globals';
import { decide } from '../../../src/policy/decide.ts';
import { diffRights } from '../../../src/policy/rights/diff.ts';

import { type Right, rightHolds } from '../../../src/policy/rights/right.ts';
import { findWitness } from '../../../src/policy/rights/witness.ts';
import type { PolicyDocument, RuleContent } from '../../../src/policy/schema.ts';
import { see } from '../../../src/policy/seen.ts';
import { policyOfDocuments } from '../build.ts';
import { createRandom, type Random, randomDocument, randomQuestion } from '../random-policy.ts';

/** One or two changes of the kind that people make. */
function changed(document: PolicyDocument, random: Random): PolicyDocument {
  const rules = [...(document.rules ?? [])];
  const others = randomDocument(random, 3).rules ?? [];
  for (let change = 0; change < 1 + random.below(2); change++) {
    const at = random.below(rules.length);
    const rule = rules[at]!;
    const other = random.pick(others);
    const fresh = { ...other, id: `new${change}` };
    const kind = random.below(4);
    const part = other.from ? { from: other.from } : { repositories: other.repositories };
    if (kind === 0) rules.push(fresh);
    else if (kind === 1 && rules.length > 1) rules.splice(at, 1);
    else if (kind === 2) rules[at] = { ...rule, enforce: !rule.enforce };
    else rules[at] = { ...rule, ...part };
  }
  return { ...document, rules };
}

describe('the difference of two policies', () => {
  it('meets each question that one grants and the other does not', () => {
    const random = createRandom(20261123);
    const tally = { fewer: 0, more: 0, same: 0, shown: 0, told: 0 };
    for (let made = 0; made < 100; made++) {
      const document = randomDocument(random, 1 + random.below(12));
      const next = changed(document, random);
      const [before, after] = [policyOfDocuments(document), policyOfDocuments(next)];
      const { removed, added } = diffRights(before, after);
      for (const row of removed) if (findWitness(row, before, after, 1000)) tally.shown++;
      tally.told += removed.length;
      for (let asked = 0; asked < 300; asked++) {
        const question = randomQuestion(random);
        const [old, fresh] = [before, after].map((one) => decide(one, question).verdict === 'granted');
        const meets = (rows: readonly Right[]) => rows.some((row) => rightHolds(row, see(question)!));
        if (old && !fresh) tally.fewer++;
        else if (fresh && !old) tally.more++;
        else tally.same++;
        if ((old && !fresh && !meets(removed)) || (fresh && !old && !meets(added)))
          expect({ before: document.rules, after: next.rules, question, removed, added }).toBe(1);
      }
    }
    expect(Math.min(tally.fewer, tally.more, tally.same)).toBeGreaterThan(100);
    // Of random rules, which contradict each other in every way, some cannot be shown within the tries.
    expect(tally.shown / tally.told).toBeGreaterThan(0.8);
  });

  it('is none between policies that say the same with other names, in another order, or twice', () => {
    const random = createRandom(3);
    for (let made = 0; made < 60; made++) {
      const document = randomDocument(random, 1 + random.below(10));
      const before = policyOfDocuments(document);
      for (const next of inOtherWords(document))
        expect(diffRights(before, policyOfDocuments(next))).toEqual({ removed: [], added: [] });
    }
  });

  it('is none, or one that no example shows, where rules are cut into several', () => {
    const random = createRandom(4);
    let told = 0;
    let rows = 0;
    for (let made = 0; made < 60; made++) {
      const document = randomDocument(random, 1 + random.below(10));
      const before = policyOfDocuments(document);
      const after = policyOfDocuments(cut(document));
      const { removed, added } = diffRights(before, after);
      for (const row of removed) expect(findWitness(row, before, after, 1000)).toBeUndefined();
      for (const row of added) expect(findWitness(row, after, before, 1000)).toBeUndefined();
      told += removed.length + added.length;
      rows += before.rules.length + after.rules.length;
    }
    expect(told / rows).toBeLessThan(0.05);
  });
});

const named = (document: PolicyDocument, rules: readonly RuleContent[]): PolicyDocument => ({
  ...document,
  rules: [...rules],
});

/** Each rule for one repository alone. */
function cut(document: PolicyDocument): PolicyDocument {
  const rules = (document.rules ?? []).flatMap((rule) =>
    rule.repositories.map((repository, at) => ({
      ...rule,
      id: `${rule.id}.${at}`,
      repositories: [repository],
    })),
  );
  return named(document, rules);
}

function inOtherWords(document: PolicyDocument): PolicyDocument[] {
  const rules = document.rules ?? [];
  return [
    rules.map((rule) => ({ ...rule, id: `renamed-${rule.id}`, message: 'Other words.' })),
    rules.toReversed(),
    rules.flatMap((rule) => [rule, { ...rule, id: `${rule.id}-again` }]),
    [...rules, ...rules.map((rule) => ({ ...rule, id: `${rule.id}-tried`, enforce: false }))],
  ].map((list) => named(document, list));
}
