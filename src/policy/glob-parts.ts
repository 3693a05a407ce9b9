/** The parts of patterns, and how a name is matched with them. */
import { isRepository } from '../protocol/names.ts';
import type { BuildClaim, Subject } from './facts.ts';

/** What one stretch of a pattern fits. `claim` fits the value of a build's claim, cut at its slashes. */
export type Part =
  | { readonly kind: 'components' }
  | { readonly kind: 'any' }
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'wild'; readonly pattern: string }
  | { readonly kind: 'user' }
  | { readonly kind: 'group' }
  | { readonly kind: 'claim'; readonly claim: BuildClaim };

export function isVariable({ kind }: Part): boolean {
  return kind === 'user' || kind === 'group' || kind === 'claim';
}

/**
 * The pattern as it is for one caller: literals in place of variables, but for {group}, which is a choice.
 *
 * The value of a claim is one component, and that of `project` as many as it has; each must be a valid one, or nothing
 * fits.
 *
 * @returns undefined where the caller lacks what a variable stands for.
 */
export function substituted(parts: readonly Part[], subject: Subject): readonly Part[] | undefined {
  const own: Part[] = [];
  for (const part of parts) {
    if (part.kind === 'user') {
      if (subject.kind === 'anonymous') return undefined;
      own.push({ kind: 'literal', text: subject.name });
    } else if (part.kind === 'claim') {
      const value = subject.build?.[part.claim];
      if (value === undefined || !isRepository(value)) return undefined;
      const components = value.split('/');
      if (components.length > 1 && part.claim !== 'project') return undefined;
      own.push(...components.map((text): Part => ({ kind: 'literal', text })));
    } else {
      own.push(part);
    }
  }
  return own;
}

/** The pattern as it is for a caller of any name, groups and claims. */
export function generalised(parts: readonly Part[]): readonly Part[] {
  return parts.flatMap((part): Part[] => {
    if (!isVariable(part)) return [part];
    const several = part.kind === 'claim' && part.claim === 'project';
    return several ? [{ kind: 'any' }, { kind: 'components' }] : [{ kind: 'any' }];
  });
}

export function matchesParts(
  parts: readonly Part[],
  components: readonly string[],
  subject: Subject | 'anyone',
): boolean {
  let part = 0;
  let component = 0;
  let afterStar = -1;
  let starEnd = 0;
  while (component < components.length) {
    const wanted = parts[part];
    if (wanted?.kind === 'components') {
      afterStar = ++part;
      starEnd = component;
    } else if (wanted && fits(wanted, components[component] ?? '', subject)) {
      part++;
      component++;
    } else if (afterStar >= 0) {
      part = afterStar;
      component = ++starEnd;
    } else {
      return false;
    }
  }
  while (parts[part]?.kind === 'components') part++;
  return part === parts.length;
}

/** Variables have been replaced before, but for groups. */
function fits(part: Part, component: string, subject: Subject | 'anyone'): boolean {
  switch (part.kind) {
    case 'components':
    case 'any':
      return true;
    case 'literal':
      return part.text === component;
    case 'wild':
      return matchesWild(part.pattern, component);
    case 'group':
      return subject !== 'anyone' && subject.groups.includes(component);
    case 'user':
    case 'claim':
      return false;
  }
}

/**
 * Whether a text fits a pattern in which `*` is any text, also none. For a text with stars of its own: whether the pattern
 * fits every text that it fits, since a star is taken by a star alone.
 */
export function matchesWild(pattern: string, text: string): boolean {
  let at = 0;
  let seen = 0;
  let afterStar = -1;
  let starEnd = 0;
  while (seen < text.length) {
    if (pattern[at] === '*') {
      afterStar = ++at;
      starEnd = seen;
    } else if (pattern[at] === text[seen]) {
      at++;
      seen++;
    } else if (afterStar >= 0) {
      at = afterStar;
      seen = ++starEnd;
    } else {
      return false;
    }
  }
  while (pattern[at] === '*') at++;
  return at === pattern.length;
}
