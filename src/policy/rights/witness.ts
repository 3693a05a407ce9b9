/** Finds a question that shows what a row is about, among those that its conditions suggest. */
import { decide } from '../decide.ts';
import { ANONYMOUS, type Question, type Subject } from '../facts.ts';
import type { Policy } from '../policy.ts';
import { see } from '../seen.ts';
import { type Right, rightHolds } from './right.ts';
import { nameOf, type Pick, SOME_CLAIMS, type Suggestions, suggestions } from './suggest.ts';

/**
 * @param tries how many questions are tried at most.
 * @returns a question of which all is known, for which the row holds, which `grants` grants and `refuses` does not; undefined
 *   where none was found, which proves nothing. The same for the same policies.
 */
export function findWitness(
  row: Right,
  grants: Policy,
  refuses: Policy,
  tries: number,
): Question | undefined {
  const suggested = suggestions(row);
  const pick = createPick();
  for (let tried = 0; tried < tries; tried++) {
    const question = composed(suggested, pick);
    const seen = see(question);
    if (
      seen &&
      rightHolds(row, seen) &&
      decide(grants, question).verdict === 'granted' &&
      decide(refuses, question).verdict !== 'granted'
    )
      return question;
  }
  return undefined;
}

/** Numbers that look drawn at random, and are the same each time: a linear congruential generator (Numerical Recipes). */
function createPick(): Pick {
  let state = 1;
  return (list) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return list[Math.floor((state / 2 ** 32) * list.length)];
  };
}

function composed(suggested: Suggestions, pick: Pick): Question {
  const subject = someone(suggested, pick);
  const action = pick(suggested.actions);
  const writes = action === 'create' || action === 'overwrite';
  const address = pick(suggested.addresses) ?? '';
  return {
    subject,
    address,
    // Another one only where no rule is bound to it, or to show that one is.
    tokenAddress: pick([address, address, pick(suggested.addresses) ?? '']) ?? '',
    repository: nameOf(pick(suggested.repositories)?.parts ?? [], subject, pick),
    actions: action === undefined ? [] : [action],
    tag: writes ? pick(suggested.tags) : undefined,
    time: pick(suggested.times) ?? 0,
    client: pick(suggested.clients),
    certificates: namesOf(suggested, pick),
  };
}

function namesOf({ certificates, otherCertificates }: Suggestions, pick: Pick): readonly string[] {
  const besides = [0, 1].map(() => pick([undefined, ...otherCertificates]));
  return [...new Set([pick(certificates), ...besides].flatMap((name) => name ?? []))];
}

function someone(suggested: Suggestions, pick: Pick): Subject {
  const kind = pick(suggested.kinds) ?? 'person';
  if (kind === 'anonymous') return ANONYMOUS;
  const member = pick(suggested.groups);
  const besides = [0, 1].map(() => pick([undefined, undefined, ...suggested.otherGroups]));
  const groups = [...new Set([member, ...besides].flatMap((group) => group ?? []))];
  const name = pick(suggested.names) ?? '';
  const method = pick(suggested.methods) ?? '';
  const build = kind === 'build' ? { ...SOME_CLAIMS, ...pick(suggested.builds) } : undefined;
  const approved = pick(suggested.approvals);
  return { name, kind, groups, method, ...(build && { build }), ...(approved === true && { approved }) };
}
