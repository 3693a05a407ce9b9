/**
 * Whether a caller may do something to every repository that a pattern fits, and may give such a right away. Pure.
 *
 * A yes is a proof; a no says only that none was found: a pattern must lie in the pattern of a single rule, so a right that
 * several rules make up together is not seen. Whoever asks must do no harm by a no.
 */
import type { Conditions } from './conditions.ts';
import { repositoryGlobCovers } from './covers.ts';
import { type Action, type Question, type Subject, UNKNOWN } from './facts.ts';
import { parseRepositoryGlob, type RepositoryGlob } from './glob.ts';
import { globsApart } from './patterns-apart.ts';
import type { Policy } from './policy.ts';
import { specialise } from './rights/specialise.ts';
import type { Rule } from './rule.ts';
import { type Seen, see } from './seen.ts';
import type { Truth } from './truth.ts';
import { asBound, weighAll, weighBind, weighFact } from './weigh.ts';

/** Who asks, from where and when; what is not known is UNKNOWN. */
export type Circumstances = Omit<Question, 'repository' | 'actions' | 'tag'>;

/**
 * Whether the caller surely may do the action to every repository that the pattern fits, in these circumstances. Of what is
 * UNKNOWN, whatever it may be.
 */
export function mayEverywhere(
  { rules }: Pick<Policy, 'rules'>,
  circumstances: Circumstances,
  action: Action,
  pattern: string,
): boolean {
  const asked = ready(circumstances, action, pattern);
  if (asked === undefined) return false;
  const enforced = rules.filter(({ enforce }) => enforce);
  return (
    enforced.some((rule) => rule.effect === 'allow' && holdsOnAll(rule, asked) === true) &&
    !enforced.some((rule) => rule.effect === 'deny' && mayMeet(rule, asked) !== false)
  );
}

/**
 * Whether a right that the pattern and the action bound is no wider than what the giver has, for a taker who is in no group
 * but the giver's. That is: a rule may let the giver do it to all of the pattern, from some place, at some time, with some
 * tag; and no deny holds the giver back that would not hold the taker back as well. What the rules then let the taker do is
 * still decided at each request.
 */
export function mayGive(
  { rules }: Pick<Policy, 'rules'>,
  giver: Subject,
  taker: Subject,
  action: Action,
  pattern: string,
): boolean {
  const own = ready(anywhere(giver), action, pattern);
  const given = ready(anywhere(taker), action, pattern);
  if (own === undefined || given === undefined) return false;
  const enforced = rules.filter(({ enforce }) => enforce);
  return (
    enforced.some((rule) => rule.effect === 'allow' && holdsOnAll(rule, own) !== false) &&
    enforced.every(
      (rule) => rule.effect === 'allow' || mayMeet(rule, own) === false || holdsAsMuch(rule, own, given),
    )
  );
}

/** True if a deny holds for the taker wherever it does for the giver. All else of the two questions is the same. */
function holdsAsMuch(rule: Rule, { seen: giver }: Asked, { seen: taker, glob }: Asked): boolean {
  const fixed = (conditions: Conditions): boolean =>
    conditions.repositories?.every(({ variable }) => !variable) ?? true;
  return (
    isWho(rule.when, taker) &&
    (fixed(rule.when) || covers(rule.when, taker.subject, glob)) &&
    rule.unless.every(
      (block) =>
        !isWho(block, taker) || apart(block, taker.subject, glob) || (isWho(block, giver) && fixed(block)),
    )
  );
}

/** What is asked of the caller, of whom all is known. */
const WHO = ['users', 'groups', 'kinds', 'methods', 'authenticated', 'approved', 'build'] as const;

function isWho(conditions: Conditions, seen: Seen): boolean {
  return WHO.every((fact) => weighFact(fact, conditions, seen) === true);
}

/** At the token endpoint just as little is known. */
function anywhere(subject: Subject): Circumstances {
  return {
    subject,
    address: UNKNOWN,
    tokenAddress: '::',
    time: UNKNOWN,
    client: UNKNOWN,
    certificates: UNKNOWN,
  };
}

interface Asked {
  readonly seen: Seen;
  readonly glob: RepositoryGlob;
}

function ready(circumstances: Circumstances, action: Action, pattern: string): Asked | undefined {
  const parsed = parseRepositoryGlob(pattern);
  const seen = see({ ...circumstances, actions: [action], repository: UNKNOWN, tag: UNKNOWN });
  return parsed.ok && !parsed.glob.variable && seen ? { seen, glob: parsed.glob } : undefined;
}

/** Of an allow, for every repository of the pattern: true, false where it is surely not so for one of them, or UNKNOWN. */
function holdsOnAll(rule: Rule, { seen, glob }: Asked): Truth {
  const own = asBound(rule, seen);
  if (!covers(rule.when, own.subject, glob)) return false;
  const rest = weighRest(rule.when, own);
  const bind = weighBind(rule, seen);
  if (rest === false || bind === false) return false;
  let result: Truth = rest === true && bind === true ? true : UNKNOWN;
  for (const block of rule.unless) {
    const excepted = apart(block, own.subject, glob) ? false : weighRest(block, own);
    if (excepted === false) continue;
    // A part of the repositories is excepted, or nobody knows when.
    if (excepted === true || block.repositories !== undefined) return false;
    result = UNKNOWN;
  }
  return result;
}

/** Of a deny, for some repository of the pattern: false where it holds for none. */
function mayMeet(rule: Rule, { seen, glob }: Asked): Truth {
  if (apart(rule.when, seen.subject, glob)) return false;
  const rest = weighRest(rule.when, seen);
  if (rest === false) return false;
  let result: Truth = rest === true && covers(rule.when, seen.subject, glob) ? true : UNKNOWN;
  for (const block of rule.unless) {
    if (apart(block, seen.subject, glob)) continue;
    const excepted = weighRest(block, seen);
    if (excepted === false) continue;
    if (excepted === true && covers(block, seen.subject, glob)) return false;
    result = UNKNOWN;
  }
  return result;
}

/** All that is asked but the repositories. */
function weighRest(conditions: Conditions, seen: Seen): Truth {
  return weighAll({ ...conditions, repositories: undefined }, seen);
}

function covers({ repositories }: Conditions, subject: Subject, glob: RepositoryGlob): boolean {
  return (
    repositories === undefined || own(repositories, subject).some((wide) => repositoryGlobCovers(wide, glob))
  );
}

function apart({ repositories }: Conditions, subject: Subject, glob: RepositoryGlob): boolean {
  return repositories !== undefined && own(repositories, subject).every((one) => globsApart(one, glob));
}

function own(
  globs: readonly RepositoryGlob[],
  { name, kind, groups, build }: Subject,
): readonly RepositoryGlob[] {
  const who = {
    name,
    kind,
    groups: { names: new Set(groups), complete: true },
    ...(build !== undefined && { build }),
  };
  return globs.flatMap((glob) => specialise(glob, who));
}
