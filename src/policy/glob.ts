/**
 * Patterns of repositories and tags. Always anchored, never regular expressions.
 *
 * In a repository: `*` is any text inside one component, `**` any number of components, `{user}` and `{group}` a whole
 * component that is equal to the caller's name or to one of the caller's groups. In a tag: `*` is any text.
 *
 * Matching goes back to the last star only, so it takes at most (length of pattern) x (length of text) steps however many
 * stars a pattern has; a regular expression with several stars can be made to take minutes by the choice of the text.
 */
import { isRepository, isTag, REPOSITORY_LENGTH } from '../protocol/names.ts';
import { type Subject, UNKNOWN } from './facts.ts';
import type { Truth } from './truth.ts';

type Part =
  | { readonly kind: 'components' }
  | { readonly kind: 'any' }
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'wild'; readonly pattern: string }
  | { readonly kind: 'user' }
  | { readonly kind: 'group' };

export interface RepositoryGlob {
  readonly text: string;
  readonly parts: readonly Part[];
}

export interface TagGlob {
  readonly text: string;
}

export type Parsed<T> =
  | { readonly ok: true; readonly glob: T }
  | { readonly ok: false; readonly reason: string };

/** Reads a pattern of repositories; refuses what can match no valid name. */
export function parseRepositoryGlob(text: string): Parsed<RepositoryGlob> {
  const refuse = (reason: string) => ({ ok: false as const, reason: `${JSON.stringify(text)}: ${reason}` });
  if (text.length > REPOSITORY_LENGTH) return refuse(`longer than ${REPOSITORY_LENGTH} characters`);
  if (text.includes(':')) return refuse('a repository has no colon; leave host, port and tag out');
  if (/[A-Z]/.test(text))
    return refuse(`repository names are lower case; ${JSON.stringify(text.toLowerCase())}?`);
  const strange = /[^a-z0-9._/*{}-]/u.exec(text)?.[0];
  if (strange !== undefined) {
    return refuse(`${JSON.stringify(strange)} has no place here; only *, **, {user} and {group} are special`);
  }
  const components = text.split('/');
  if (components.includes('')) return refuse('expected components with one slash between each two');
  if (components.filter((component) => component === '{group}').length > 1) {
    return refuse('{group} can stand once in a pattern');
  }
  const parts: Part[] = [];
  for (const [index, component] of components.entries()) {
    const part = parsePart(component);
    if (typeof part === 'string') return refuse(part);
    if (part.kind === 'components' && components[index - 1] === '**') return refuse('one ** is enough');
    // `a/**` is what lies below a; a itself is not below a.
    if (part.kind === 'components' && index > 0 && index === components.length - 1)
      parts.push({ kind: 'any' });
    parts.push(part);
  }
  return { ok: true, glob: { text, parts } };
}

/** @returns a sentence if the component is not one. */
function parsePart(component: string): Part | string {
  if (component === '**') return { kind: 'components' };
  if (component === '*') return { kind: 'any' };
  if (component === '{user}') return { kind: 'user' };
  if (component === '{group}') return { kind: 'group' };
  // Beside other text a variable would be ambiguous: a-b and c make the same name as a and b-c.
  if (/[{}]/.test(component)) return 'only {user} and {group} are variables, each as a whole component';
  if (component.includes('**')) return '** stands alone between slashes';
  // A valid name stays valid with a letter in place of what a star stood for, so this refuses no useful pattern.
  if (!isRepository(component.replaceAll('*', 'a'))) {
    return `${JSON.stringify(component)} can be no part of a repository name`;
  }
  return component.includes('*')
    ? { kind: 'wild', pattern: component }
    : { kind: 'literal', text: component };
}

/** Reads a pattern of tags. */
export function parseTagGlob(text: string): Parsed<TagGlob> {
  if (text.includes('**'))
    return { ok: false, reason: `${JSON.stringify(text)}: a tag has no components; one * is enough` };
  if (!isTag(text.replaceAll('*', 'a'))) {
    return {
      ok: false,
      reason: `${JSON.stringify(text)} is not a pattern of tags: letters, digits, _ . - and *, at most 128`,
    };
  }
  return { ok: true, glob: { text } };
}

export function matchesTag(glob: TagGlob, tag: string): boolean {
  return matchesWild(glob.text, tag);
}

/**
 * Whether a pattern covers a repository that is not named: every one (true), none that there could be for this caller
 * (false), or some (UNKNOWN).
 */
export function coversAnyRepository({ parts }: RepositoryGlob, subject: Subject): Truth {
  if (parts.every((part) => part.kind === 'components')) return true;
  if (parts.some((part) => part.kind === 'user') && subject.kind === 'anonymous') return false;
  return parts.some((part) => part.kind === 'group') && subject.groups.length === 0 ? false : UNKNOWN;
}

/**
 * `components` are those of a valid name, so a user or group whose name is no valid component (`*`, `..`, `a/b`) is
 * equal to none of them. `anyone` asks whether there could be a caller for whom the pattern fits.
 */
export function matchesRepository(
  { parts }: RepositoryGlob,
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

function fits(part: Part, component: string, subject: Subject | 'anyone'): boolean {
  switch (part.kind) {
    case 'components':
    case 'any':
      return true;
    case 'literal':
      return part.text === component;
    case 'wild':
      return matchesWild(part.pattern, component);
    case 'user':
      return subject === 'anyone' || (subject.kind !== 'anonymous' && subject.name === component);
    case 'group':
      return subject === 'anyone' || subject.groups.includes(component);
  }
}

/** Whether a text fits a pattern in which `*` is any text, also none. */
function matchesWild(pattern: string, text: string): boolean {
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
