/** The table says exactly what the decision does. */
import { describe, expect, it } from '@jest/globals';
import { actionSet, maskOf, type RuleAction } from '../../../src/policy/actions.ts';
import { addressNumber, parseAddress, requireRange } from '../../../src/policy/address.ts';
import { productsOf } from '../../../src/policy/client-version.ts';
import { decide } from '../../../src/policy/decide.ts';
import type { Subject } from '../../../src/policy/facts.ts';
import { matchesRepository, parseRepositoryGlob, type RepositoryGlob } from '../../../src/policy/glob.ts';
import { isAt, type PlaceSet, placeSet } from '../../../src/policy/place-set.ts';
import type { GivenWho } from '../../../src/policy/rights/caller.ts';
import type { Given, GivenRepository } from '../../../src/policy/rights/given.ts';
import { rightHolds } from '../../../src/policy/rights/right.ts';
import { rightsOf } from '../../../src/policy/rights/table.ts';
import { see } from '../../../src/policy/seen.ts';
import { policyOfDocuments } from '../build.ts';
import {
  createRandom,
  type Known,
  type Random,
  randomDocument,
  randomQuestion,
  withoutBounds,
} from '../random-policy.ts';

const ASKED_GLOBS = ['**', 'a/**', 'team/**', '*/x', 'al*/*'].map(globOf);
const ASKED_RANGES = ['10.0.0.0/8', '10.1.0.0/16', '10.1.0.1', '2001:db8::/32', '192.0.2.0/24'].map((text) =>
  placeSet([requireRange(text)]),
);

function globOf(text: string): RepositoryGlob {
  const parsed = parseRepositoryGlob(text);
  if (!parsed.ok) throw new Error(parsed.reason);
  return parsed.glob;
}

/** A part of what the question says, so that the question is one of those that are asked about. */
function givenOf(question: Known, random: Random): Given {
  const { repository, address, tag, time, client, actions } = question;
  const words: RuleAction[] = [...actions];
  if (random.chance(0.5)) words.push('push');
  const components = repository.split('/');
  const glob = random.pick(ASKED_GLOBS);
  const range = random.chance(0.5) ? placeSet([requireRange(address)]) : random.pick(ASKED_RANGES);
  return {
    ...(random.chance(0.8) && { actions: actionSet(words) }),
    ...(random.chance(0.4)
      ? { repository: { components } }
      : fits({ glob }, question) && { repository: { glob } }),
    ...(random.chance(0.5) && { who: whoOf(question, random) }),
    ...(random.chance(0.4) && isIn(range, address) && { from: range }),
    ...(random.chance(0.2) && { tag: { name: tag } }),
    ...(random.chance(0.2) && { time }),
    ...(random.chance(0.2) && { products: productsOf(client ?? '') }),
  };
}

function whoOf({ subject }: Known, random: Random): GivenWho {
  const { name, kind, groups, method, build } = subject;
  const complete = random.chance(0.5);
  const names = new Set(complete ? groups : groups.slice(0, random.below(groups.length + 1)));
  return {
    ...(kind !== 'anonymous' && random.chance(0.7) && { name }),
    ...(random.chance(0.5) && { kind }),
    ...(random.chance(0.5) && { method }),
    ...(random.chance(0.7) && { groups: { names, complete } }),
    ...(build !== undefined && random.chance(0.5) && { build }),
  };
}

/** Every fact that a question leaves open is asked of some row in the end. */
function suite(seed: number, policies: number, tables: number, questions: number): void {
  it(`with seed ${seed}: granted, and a row holds, are the same`, () => {
    const random = createRandom(seed);
    const tally = { granted: 0, refused: 0, exceptions: 0, lessened: 0, rows: 0, rules: 0 };
    for (let made = 0; made < policies; made++) {
      const policy = policyOfDocuments(randomDocument(random, 1 + random.below(12)));
      for (let table = 0; table < tables; table++) {
        const first = randomQuestion(random);
        const given = givenOf(first, random);
        const rows = rightsOf(policy.rules, given);
        tally.rows += rows.length;
        tally.rules += policy.rules.length;
        tally.exceptions += rows.flatMap(({ except }) => except).length;
        tally.lessened += rows.filter(({ lessenedBy }) => lessenedBy.length > 0).length;
        for (const question of [first, ...others(first, given, questions, random)]) {
          const granted = decide(policy, withoutBounds(question)).verdict === 'granted';
          const holding = rows.filter((row) => rightHolds(row, see(question)!));
          if (granted !== holding.length > 0)
            expect({
              policy: policy.rules.map(({ written }) => written),
              given,
              question,
              rows,
              granted,
            }).toBe(1);
          tally[granted ? 'granted' : 'refused']++;
        }
      }
    }
    expect(Math.min(...Object.values(tally))).toBeGreaterThan(policies / 4);
    expect(tally.rows).toBeLessThan(tally.rules);
  });
}

/** Other questions that are as given: what is drawn, where it agrees, and else what the first one has. */
function others(first: Known, given: Given, count: number, random: Random): Known[] {
  return Array.from({ length: count }, () => {
    const other = randomQuestion(random);
    const { actions, repository, who, from, tag, time, products } = given;
    const done = actions === undefined || (actions.mask & maskOf(other.actions)) !== 0;
    const named = repository === undefined || fits(repository, other);
    return {
      ...other,
      ...((!done || tag) && { actions: first.actions, tag: first.tag }),
      ...(!named && { repository: first.repository }),
      ...(who && !isSo(who, other.subject) && { subject: first.subject }),
      ...(from && !isIn(from, other.address) && { address: first.address }),
      ...(time !== undefined && { time: first.time }),
      ...(products && { client: first.client }),
    };
  });
}

function fits(repository: GivenRepository, { repository: name, subject }: Known): boolean {
  return 'glob' in repository
    ? matchesRepository(repository.glob, name.split('/'), subject)
    : repository.components.join('/') === name;
}

function isSo({ name, kind, method, groups, build }: GivenWho, subject: Subject): boolean {
  return (
    (name === undefined || (subject.kind !== 'anonymous' && subject.name === name)) &&
    (kind === undefined || subject.kind === kind) &&
    (method === undefined || subject.method === method) &&
    (build === undefined || JSON.stringify(subject.build) === JSON.stringify(build)) &&
    (groups === undefined ||
      ([...groups.names].every((group) => subject.groups.includes(group)) &&
        (!groups.complete || groups.names.size === subject.groups.length)))
  );
}

function isIn(places: PlaceSet, address: string): boolean {
  const parsed = parseAddress(address);
  return parsed !== undefined && isAt(places, addressNumber(parsed), []) === true;
}

describe('the table of rights', () => {
  suite(20261123, 400, 10, 8);
  suite(7, 400, 10, 8);
});
