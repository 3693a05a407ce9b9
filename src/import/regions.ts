/**
 * What an entry of an ACL is about, in the words of the policy language.
 *
 * Two answers for each entry. The narrow one, for what is granted, holds nothing that the entry did not fit. The wide one,
 * for what the entry keeps from those behind it, holds all that it did. Where both are the same the entry is carried whole.
 * Two more tell why they differ. `closed` is the wide one with holes closed: expressions held at both ends, what is put into
 * them literal. `open` is the narrow one without that. So what lies between narrow and closed, or between open and wide, is
 * what the language cannot say, and what lies between closed and wide is holes.
 */
import { anonymousList, byPerson } from './by-person.ts';
import type { Entry } from './docker-auth-file.ts';
import { isRegex } from './pattern.ts';
import { isPlain, type People } from './people.ts';
import { ACCOUNT, hasPlaceholder, labelsIn } from './placeholders.ts';
import {
  EVERYTHING,
  type Found,
  fromOf,
  type Reach,
  type Region,
  type Regions,
  type Target,
} from './region.ts';
import { repositoryGlobs } from './repository-globs.ts';
import { fits, type Reading } from './try-pattern.ts';
import { type Named, personFits, type Side, sideOf, type Who, whoOf } from './who.ts';

const NONE: Regions = { regions: [], strangers: undefined, unread: undefined };

export function regionsOf(
  entry: Entry,
  people: People,
  service: string | undefined,
  target: Target,
  side: Side,
): Regions {
  const { patterns } = entry;
  if (entry.from === 'never') return NONE;
  const { reading } = sideOf(side);
  const reasons: string[] = [];
  if (!asks(patterns.type, target === 'catalog' ? 'registry' : 'repository', 'type', reading, reasons))
    return NONE;
  if (!asks(patterns.service, service, 'service', reading, reasons)) return NONE;
  const reach: Reach = (text) => reachOf(text, target, side);
  const who = whoOf(entry, people, side);
  const name = symbolic(patterns.name, people, target, reach);
  const found = foundBy(entry, people, side, who, name, reach);
  if (typeof found === 'string') reasons.push(found);
  if (reasons.length > 0 && side === 'narrow') return { ...NONE, unread: reasons[0] };
  if (typeof found === 'string') return { ...widest(entry, people, who, name), unread: found };
  return { ...found, unread: reasons[0] };
}

function foundBy(
  entry: Entry,
  people: People,
  side: Side,
  who: Named | string,
  name: Name | string,
  reach: Reach,
): Found | string {
  if (typeof who === 'object' && typeof name === 'object')
    return together(entry, people, side, who, name, reach);
  if (typeof who === 'string' && who !== 'each') return who;
  if (typeof name === 'string' && name !== 'each') return name;
  return byPerson(entry, people, side, reach);
}

/** All that an entry may be about of which not everything can be told. */
function widest(entry: Entry, people: People, who: Named | string, name: Name | string): Found {
  const from = fromOf(entry);
  const repositories = typeof name === 'object' ? name.repositories : EVERYTHING;
  const told = typeof who === 'object' && !who.strangers && !who.everyone && entry.labels.size === 0;
  const parts: readonly (Who | undefined)[] = told ? who.parts : [undefined];
  const anonymous =
    told &&
    people.anonymous !== undefined &&
    personFits(entry, { name: '', labels: people.anonymous }, 'wide') !== false;
  const all = anonymous ? [...parts, { authenticated: false }] : parts;
  return { regions: all.map((part) => ({ who: part, repositories, from })), strangers: undefined };
}

/** Whether a pattern of what each request says fits. What cannot be told is a reason, and holds nobody back. */
function asks(
  pattern: string | undefined,
  text: string | undefined,
  key: string,
  reading: Reading,
  reasons: string[],
): boolean {
  if (pattern === undefined) return true;
  if (text === undefined) {
    reasons.push('it asks for a service; say with --service which one your registry is configured with');
    return true;
  }
  const fit = hasPlaceholder(pattern) ? undefined : fits(pattern, text, reading);
  if (fit === undefined) reasons.push(`its ${key} cannot be read`);
  return fit !== false;
}

/** The repositories that a filled-in pattern is about. @returns a sentence where it cannot be read. */
function reachOf(text: string, target: Target, side: Side): readonly string[] | string {
  const { reading, part } = sideOf(side);
  if (target === 'catalog') {
    const fit = fits(text, 'catalog', reading);
    return fit === undefined ? 'its name cannot be read' : fit ? EVERYTHING : [];
  }
  const globs = repositoryGlobs(text, reading);
  return typeof globs === 'string' ? `its name: ${globs}` : globs[part];
}

interface Name {
  readonly repositories: readonly string[];
  /** Whether it holds {user} or {group}. */
  readonly variable: boolean;
}

/**
 * The name with variables in place of placeholders.
 *
 * @returns 'each' where it must be told for each user, a sentence where it cannot be read.
 */
function symbolic(text: string | undefined, people: People, target: Target, reach: Reach): Name | string {
  if (text === undefined) return { repositories: EVERYTHING, variable: false };
  if (!hasPlaceholder(text)) {
    const repositories = reach(text);
    return typeof repositories === 'string' ? repositories : { repositories, variable: false };
  }
  const [label, another] = labelsIn(text);
  let written = text.replaceAll(ACCOUNT, '\uE000');
  if (label !== undefined && another === undefined && isPlain(people, label, isRegex(text)))
    written = written.replace(`\${labels:${label}}`, '\uE001');
  if (target === 'catalog') return mayBeCatalog(text, written) ? 'each' : NO_NAME;
  // In brackets it would be a set of its characters.
  if (hasPlaceholder(written) || /\[[^\]]*[\uE000\uE001]/.test(written)) return 'each';
  const repositories = reach(written);
  return typeof repositories === 'string' ? 'each' : { repositories, variable: true };
}

const NO_NAME: Name = { repositories: [], variable: false };

/** Whether a name with placeholders may be `catalog` for somebody. */
function mayBeCatalog(text: string, written: string): boolean {
  // A slash of a glob is only ever a slash, which `catalog` has not.
  if (!isRegex(text) && !text.includes('[') && text.replace(/\$\{[^}]*\}/g, '').includes('/')) return false;
  if (hasPlaceholder(written)) return true;
  return (
    fits(written.replace(/[\uE000\uE001]/g, isRegex(text) ? '.*' : '*'), 'catalog', 'searched') !== false
  );
}

function together(
  entry: Entry,
  people: People,
  side: Side,
  who: Named,
  { repositories, variable }: Name,
  reach: Reach,
): Found | string {
  const from = fromOf(entry);
  const region = (part: Who | undefined, list = repositories): Region[] =>
    list.length === 0 ? [] : [{ who: part, repositories: list, from }];
  const strangers = who.strangers ? region({ authenticated: true })[0] : undefined;
  if (who.everyone && !variable && people.anonymous !== undefined)
    return { regions: region(undefined), strangers };
  const regions = who.parts.flatMap((part) => region(part));
  const own = anonymousList(entry, people, side, reach);
  if (typeof own === 'string') return own;
  return { regions: [...regions, ...region({ authenticated: false }, own)], strangers };
}
