/**
 * The decision. Rules have no order: nothing is allowed unless a rule allows it, and any deny that holds wins.
 *
 * Facts may be unknown. What is granted here is granted whatever they turn out to be, what is refused is refused whatever
 * they turn out to be, and the rest is possible. When all facts are known, nothing is merely possible.
 */
import { limited } from './bounds.ts';
import { ANONYMOUS, type Decision, type Question } from './facts.ts';
import type { Policy } from './policy.ts';
import type { Rule } from './rule.ts';
import { type Seen, see } from './seen.ts';
import type { Truth } from './truth.ts';
import { weighRule } from './weigh.ts';

/**
 * Decides one question. Total: a question that makes no sense (no action, a name that is none, an address that is none) is
 * refused by no rule.
 */
export function decide(policy: Policy, question: Question): Decision {
  const seen = see(question);
  if (!seen) return NONSENSE;
  const own = conclude(policy, seen, holding(policy, seen));
  return limited(own, seen, () => {
    const nobody = { ...seen, subject: ANONYMOUS };
    return conclude(policy, nobody, holding(policy, nobody));
  });
}

const NONSENSE: Decision = Object.freeze({
  verdict: 'refused',
  rules: [],
  message: undefined,
  nearest: undefined,
  observed: [],
  host: undefined,
});

/** A rule that holds, or may. */
export interface Weighed {
  readonly rule: Rule;
  readonly truth: Exclude<Truth, false>;
}

/** The rules that hold or may, in the order of the policy's rules. */
function holding(policy: Policy, seen: Seen): readonly Weighed[] {
  const found: Weighed[] = [];
  let last = -1;
  for (const place of inOrder(policy.index.candidates(seen))) {
    const rule = policy.rules[place];
    // A rule can stand in several lists.
    if (rule === undefined || place === last) continue;
    last = place;
    const truth = weighRule(rule, seen);
    if (truth !== false) found.push({ rule, truth });
  }
  return found;
}

/** The entries of ascending lists in one ascending order. */
function inOrder(lists: readonly (readonly number[])[]): readonly number[] {
  const [first = []] = lists;
  return lists.length < 2 ? first : lists.flat().sort((a, b) => a - b);
}

/** What follows from the rules that hold or may. */
export function conclude(
  policy: Pick<Policy, 'hostOf' | 'findNearest'>,
  seen: Seen,
  weighed: readonly Weighed[],
): Decision {
  const found =
    seen.addressText === undefined ? undefined : policy.hostOf(seen.addressText, seen.certificates);
  const host = found?.name;
  const from = found?.certified ? { host, hostCertified: true as const } : { host };
  const allows: Rule[] = [];
  const denies: Rule[] = [];
  const observed: string[] = [];
  let granted = false;
  let mayBeDenied = false;
  for (const { rule, truth } of weighed) {
    if (!rule.enforce) {
      if (truth === true) observed.push(rule.id);
    } else if (rule.effect === 'allow') {
      allows.push(rule);
      if (truth === true) granted = true;
    } else if (truth === true) {
      denies.push(rule);
    } else {
      mayBeDenied = true;
    }
  }
  if (denies.length > 0) {
    const speaker = denies.find((rule) => rule.message !== undefined) ?? denies[0];
    return {
      verdict: 'refused',
      rules: ids(denies),
      message: speaker?.message,
      nearest: speaker?.id,
      observed,
      ...from,
    };
  }
  if (allows.length === 0) {
    const nearest = policy.findNearest(seen);
    return {
      verdict: 'refused',
      rules: [],
      message: nearest?.message,
      nearest: nearest?.id,
      observed,
      ...from,
    };
  }
  const verdict = granted && !mayBeDenied ? 'granted' : 'possible';
  return { verdict, rules: ids(allows), message: undefined, nearest: undefined, observed, ...from };
}

function ids(rules: readonly Rule[]): string[] {
  return rules.map((rule) => rule.id);
}
