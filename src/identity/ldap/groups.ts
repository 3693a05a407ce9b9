/**
 * The groups of a person.
 *
 * A group counts if its entry lies below the configured base, and the filter, where there is one, holds for it. One that
 * does not count leads to no others either. Its name is the value in its distinguished name: two groups in one place
 * cannot have the same, and no other attribute can claim it.
 */
import type { Filter } from 'ldapts';
import { type Entry, type Search, textsOf } from './connection.ts';
import { dnKey, isBelow, type Level, parseDn } from './dn.ts';
import { DirectoryFailure } from './failure.ts';
import { anyEntry, anyOf, both, equals, matches } from './filters.ts';
import { isGroupName } from './names.ts';

export interface GroupRules {
  readonly by: 'memberOf' | 'search' | 'matchingRule';
  readonly base: string;
  /** Directly below the base, or anywhere. */
  readonly scope: 'one' | 'sub';
  /** Of the group's distinguished name. */
  readonly nameAttribute: string;
  /** Of the person and of groups, that names groups. */
  readonly memberOfAttribute: string;
  /** Of a group, that names its members. */
  readonly memberAttribute: string;
  /** What it names them by. */
  readonly memberValue: 'dn' | 'name';
  readonly filter: Filter | undefined;
  /** How many levels of groups of groups count; 0: none. */
  readonly depth: number;
  /** OID, for `matchingRule`. */
  readonly rule: string;
}

export type Ask = (search: Search) => Promise<readonly Entry[]>;

/** Active Directory follows groups of groups by this one: LDAP_MATCHING_RULE_IN_CHAIN. */
export const IN_CHAIN = '1.2.840.113556.1.4.1941';
/** Groups that one person may have, and that may be read to find them. */
const MOST = 1000;
/** Names in one filter. */
const AT_ONCE = 50;

/** @returns names, sorted. @throws {DirectoryFailure} where they cannot all be told. */
export async function groupsOf(
  person: { readonly name: string; readonly entry: Entry },
  rules: GroupRules,
  ask: Ask,
): Promise<readonly string[]> {
  const names = new Set<string>();
  const seen = new Set<string>();

  /** Notes the groups that count; returns those that are new. */
  function note(dns: readonly string[]): readonly string[] {
    return dns.filter((dn) => {
      const levels = placeOf(dn, rules);
      if (levels === undefined) return false;
      const [own] = levels;
      const [pair] = own ?? [];
      if (own?.length !== 1 || pair?.attribute !== rules.nameAttribute.toLowerCase()) return false;
      if (!isGroupName(pair.value) || seen.has(dnKey(levels))) return false;
      seen.add(dnKey(levels));
      names.add(pair.value);
      if (seen.size > MOST) throw new DirectoryFailure(`a person with more than ${MOST} groups`);
      return true;
    });
  }

  if (rules.by === 'memberOf') await followMemberOf(person.entry, rules, ask, note);
  else await searchMembers(person, rules, ask, note);
  return [...names].sort();
}

async function searchMembers(
  { name, entry }: { readonly name: string; readonly entry: Entry },
  rules: GroupRules,
  ask: Ask,
  note: (dns: readonly string[]) => readonly string[],
): Promise<void> {
  const { base, scope, memberAttribute, memberValue, filter, depth, rule, by } = rules;
  const find = async (condition: Filter): Promise<readonly string[]> => {
    // Only names are wanted: 1.1 stands for no attributes (RFC 4511 section 4.5.1.8).
    const found = await ask({
      base,
      scope,
      filter: both(condition, filter),
      attributes: ['1.1'],
      paged: true,
    });
    return note(found.map(({ dn }) => dn));
  };
  if (by === 'matchingRule') return void (await find(matches(memberAttribute, rule, entry.dn)));
  let level = await find(equals(memberAttribute, memberValue === 'dn' ? entry.dn : name));
  for (let left = depth; left > 0 && level.length > 0; left--) {
    const next: string[] = [];
    for (let at = 0; at < level.length; at += AT_ONCE) {
      const members = level.slice(at, at + AT_ONCE).map((dn) => equals(memberAttribute, dn));
      next.push(...(await find(anyOf(members))));
    }
    level = next;
  }
}

async function followMemberOf(
  entry: Entry,
  rules: GroupRules,
  ask: Ask,
  note: (dns: readonly string[]) => readonly string[],
): Promise<void> {
  const { memberOfAttribute, filter, depth } = rules;
  let dns = textsOf(entry, memberOfAttribute);
  const read = new Set<string>();
  for (let left = depth; dns.length > 0; left--) {
    if (filter === undefined && left <= 0) {
      note(dns);
      return;
    }
    const next: string[] = [];
    for (const dn of dns.filter((one) => placeOf(one, rules) !== undefined && !read.has(one))) {
      read.add(dn);
      if (read.size > MOST) throw new DirectoryFailure(`a person with more than ${MOST} groups`);
      const [group] = await ask({
        base: dn,
        scope: 'base',
        filter: filter ?? anyEntry(),
        attributes: [memberOfAttribute],
      });
      if (group === undefined) continue;
      note([dn]);
      next.push(...textsOf(group, memberOfAttribute));
    }
    if (left <= 0) return;
    dns = next;
  }
}

/** The levels of a name that lies where groups are; undefined for any other. */
function placeOf(dn: string, { base, scope }: GroupRules): readonly Level[] | undefined {
  const levels = parseDn(dn);
  const below = levels && isBelow(levels, parseDn(base) ?? [], scope === 'one' ? 1 : undefined);
  return below ? levels : undefined;
}
