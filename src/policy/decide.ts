/**
 * The decision. Rules have no order: nothing is allowed unless a rule allows it, and any deny that holds wins.
 *
 * Facts may be unknown. What is granted here is granted whatever they turn out to be, what is refused is refused whatever
 * they turn out to be, and the rest is possible. When all facts are known, nothing is merely possible.
 */

import { isRepository } from '../protocol/names.ts';
import { canonicalAddress } from './address.ts';
import { type Decision, type Question, UNKNOWN } from './facts.ts';
import type { Seen } from './matchers.ts';
import type { Policy, Rule } from './policy.ts';
import { and, type Truth } from './truth.ts';

/**
 * Decides one question. Total: a question that makes no sense (no action, a name that is none, an address that is none) is
 * refused by no rule.
 */
export function decide(policy: Policy, question: Question): Decision {
  const seen = see(question);
  if (!seen)
    return {
      verdict: 'refused',
      rules: [],
      message: undefined,
      nearest: undefined,
      observed: [],
      host: undefined,
    };
  const host = seen.address === UNKNOWN ? undefined : policy.hostOf(seen.address);
  const allows: Rule[] = [];
  const denies: Rule[] = [];
  const observed: string[] = [];
  let granted = false;
  let mayBeDenied = false;
  for (const rule of policy.rules) {
    const truth = weigh(rule, seen);
    if (truth === false) continue;
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
      host,
    };
  }
  if (allows.length === 0) {
    const nearest = nearestAllow(policy.rules, seen);
    return { verdict: 'refused', rules: [], message: nearest?.message, nearest: nearest?.id, observed, host };
  }
  const verdict = granted && !mayBeDenied ? 'granted' : 'possible';
  return { verdict, rules: ids(allows), message: undefined, nearest: undefined, observed, host };
}

/** @returns undefined if the question makes no sense. */
function see({ subject, address, tokenAddress, repository, actions, tag }: Question): Seen | undefined {
  const canonical = address === UNKNOWN ? UNKNOWN : canonicalAddress(address);
  if (canonical === undefined || actions.length === 0) return undefined;
  if (repository !== UNKNOWN && !isRepository(repository)) return undefined;
  return {
    subject,
    actions,
    components: repository === UNKNOWN ? UNKNOWN : repository.split('/'),
    tag,
    address: canonical,
    tokenAddress: canonicalAddress(tokenAddress),
  };
}

function weigh(rule: Rule, seen: Seen): Truth {
  let truth: Truth = true;
  for (const matcher of rule.matchers) {
    truth = and([truth, matcher.test(seen)]);
    if (truth === false) return false;
  }
  return truth;
}

/**
 * The allow rule that speaks of this action and repository and whose other conditions fail least; one with a message goes
 * first, since it was written to be read by the person who is refused. `rules` are sorted by id, which settles ties.
 */
function nearestAllow(rules: readonly Rule[], seen: Seen): Rule | undefined {
  let best: { readonly rule: Rule; readonly distance: number } | undefined;
  for (const rule of rules) {
    if (rule.effect !== 'allow' || !rule.enforce || !rule.concerns(seen)) continue;
    const failed = rule.matchers.filter((matcher) => matcher.test(seen) === false).length;
    const distance = failed + (rule.message === undefined ? rule.matchers.length + 100 : 0);
    if (distance < (best?.distance ?? Infinity)) best = { rule, distance };
  }
  return best?.rule;
}

function ids(rules: readonly Rule[]): string[] {
  return rules.map((rule) => rule.id);
}
