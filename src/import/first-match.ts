/**
 * From "the first entry that fits decides" to rules without an order.
 *
 * For an action `a`, the rule of an entry that grants `a` excepts what the earlier entries that do not grant `a` are about.
 * Then a request for `a` is allowed exactly if the first entry that fits grants it: if that one does, no earlier one fits,
 * so its own rule holds; if it does not, each later rule excepts it, and no earlier one fits. Entries that grant `a` need
 * not be excepted, since their own rules allow it. Entries that are not carried whole are excepted for all actions, by all
 * that they may have been about.
 */
import type { RuleAction } from '../policy/actions.ts';
import type { Entry } from './docker-auth-file.ts';
import type { Person } from './people.ts';
import type { Region, Regions, Target } from './region.ts';
import { type Asked, apart, askedOf, leftToAsk } from './region-conditions.ts';

/** An entry with its answers; see regions.ts. */
export interface Told {
  readonly entry: Entry;
  readonly narrow: Regions;
  readonly closed: Regions;
  readonly open: Regions;
  readonly wide: Regions;
  /** What it grants, in the words of the policy. */
  readonly actions: readonly RuleAction[];
}

export interface Block extends Partial<Region> {
  /** Undefined: all of the rule's. */
  readonly actions?: readonly RuleAction[];
}

export interface DraftRule {
  readonly entry: Entry;
  readonly target: Target;
  readonly allow: readonly RuleAction[];
  readonly region: Region;
  readonly unless: readonly Block[];
  /** The entry because of which it holds only for users of the file; see limited(). */
  readonly limitedBy: Entry | undefined;
}

export function isWhole({ narrow, wide }: Told): boolean {
  return (
    narrow.unread === undefined &&
    wide.unread === undefined &&
    JSON.stringify(narrow.regions) === JSON.stringify(wide.regions)
  );
}

/** Why an entry has no rule, or not for everyone: an earlier one takes all of it, or may take new users. */
export interface Withheld {
  readonly entry: Entry;
  readonly by: Told;
  readonly why: 'taken' | 'limited';
}

export interface MadeRules {
  /** In the order of the entries. */
  readonly rules: readonly DraftRule[];
  readonly withheld: readonly Withheld[];
}

/** The rules of the entries for one target. */
export function rulesOf(entries: readonly Told[], target: Target, known: readonly Person[]): MadeRules {
  const earlier: Earlier[] = [];
  const rules: DraftRule[] = [];
  const withheld: Withheld[] = [];
  for (const told of entries) {
    const { entry, actions } = told;
    for (const region of actions.length > 0 ? told.narrow.regions : []) {
      const limit = limited(region, actions, earlier, known);
      if (limit.by) withheld.push({ entry, by: limit.by, why: 'limited' });
      for (const own of limit.regions) {
        const rule = excepting(own, actions, earlier);
        if ('takenBy' in rule) withheld.push({ entry, by: rule.takenBy, why: 'taken' });
        else rules.push({ entry, target, ...rule, limitedBy: limit.by?.entry });
      }
    }
    earlier.push({
      told,
      regions: told.wide.regions.map(askedOf),
      strangers: told.wide.strangers && askedOf(told.wide.strangers),
      grants: isWhole(told) ? told.actions : [],
    });
  }
  return { rules, withheld };
}

interface Earlier {
  readonly told: Told;
  readonly regions: readonly Asked[];
  readonly strangers: Asked | undefined;
  /** What need not be taken from those behind it. */
  readonly grants: readonly RuleAction[];
}

/**
 * An earlier entry whose account is a pattern is written out as the users that it fits. A user who comes later and whom it
 * would fit is in no list; so what stands behind it holds for the users of the file only, until a person has looked.
 */
function limited(
  region: Region,
  actions: readonly RuleAction[],
  earlier: readonly Earlier[],
  known: readonly Person[],
): { readonly regions: readonly Region[]; readonly by: Told | undefined } {
  const asked = askedOf(region);
  const by = earlier.find(
    ({ strangers, grants }) =>
      strangers !== undefined && without(actions, grants).length > 0 && !apart(strangers, asked),
  )?.told;
  if (by === undefined || region.who?.authenticated === false) return { regions: [region], by: undefined };
  const names = known.map(({ name }) => name);
  const users = region.who?.users?.filter((name) => names.includes(name)) ?? names;
  const groups = region.who?.groups;
  const own = users.length === 0 ? [] : [{ ...region, who: { users, ...(groups && { groups }) } }];
  const anonymous = region.who === undefined ? [{ ...region, who: { authenticated: false } }] : [];
  return { regions: [...own, ...anonymous], by };
}

/** The rule for a region without what earlier entries take from it, or the one that takes the last of it. */
function excepting(
  start: Region,
  actions: readonly RuleAction[],
  earlier: readonly Earlier[],
): Pick<DraftRule, 'allow' | 'region' | 'unless'> | { readonly takenBy: Told } {
  let region = start;
  let asked = askedOf(region);
  const blocks: { readonly block: Partial<Region>; readonly taken: readonly RuleAction[] }[] = [];
  for (const { told, regions, grants } of earlier) {
    const taken = without(actions, grants);
    for (const other of regions) {
      if (apart(other, asked)) continue;
      const block = leftToAsk(other, asked);
      // No request gets past that one, whatever it grants.
      if (Object.keys(block).length === 0) return { takenBy: told };
      const users = namedOnly(block);
      if (users && region.who?.users) {
        // Shorter than a list of users with exceptions from it.
        region = {
          ...region,
          who: { ...region.who, users: region.who.users.filter((name) => !users.includes(name)) },
        };
        asked = askedOf(region);
        if (region.who?.users?.length === 0) return { takenBy: told };
      } else if (taken.length > 0) {
        blocks.push({ block, taken });
      }
    }
  }
  const full = askedOf(region);
  const kept = blocks
    .map(({ block, taken }): Taking => {
      const { who, repositories = ['**'], from } = block;
      return {
        block,
        taken,
        alone: askedOf({ who, repositories, from }),
        inRule: askedOf({ ...region, ...block }),
      };
    })
    .filter(({ inRule }) => !apart(inRule, full));
  const unless = kept
    .filter(
      (one, index) => !kept.some((other, place) => place !== index && swallows(other, one, place < index)),
    )
    .map(
      ({ block, taken }): Block => (taken.length === actions.length ? block : { actions: taken, ...block }),
    );
  return { allow: actions, region, unless };
}

/** An exception of a rule. */
interface Taking {
  readonly block: Partial<Region>;
  readonly taken: readonly RuleAction[];
  /** What it asks by itself, and what it and the rule ask together. */
  readonly alone: Asked;
  readonly inRule: Asked;
}

/** Whether one exception holds wherever another does. Of two equal ones the first does. */
function swallows(outer: Taking, inner: Taking, before: boolean): boolean {
  return covers(outer, inner) && (before || !covers(inner, outer));
}

function covers(outer: Taking, inner: Taking): boolean {
  return (
    without(inner.taken, outer.taken).length === 0 &&
    Object.keys(leftToAsk(outer.alone, inner.inRule)).length === 0
  );
}

/** The users of an exception that asks for nothing else. */
function namedOnly({ who, repositories, from }: Partial<Region>): readonly string[] | undefined {
  if (repositories !== undefined || from !== undefined || who?.groups !== undefined) return undefined;
  return who?.users;
}

function without(actions: readonly RuleAction[], others: readonly RuleAction[]): readonly RuleAction[] {
  return actions.filter((action) => !others.includes(action));
}
