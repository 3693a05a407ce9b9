/**
 * Patterns of repositories, tags and claims of builds. Always anchored, never regular expressions.
 *
 * In a repository: `*` is any text inside one component, `**` any number of components, `{user}` and `{group}` a whole
 * component that is equal to the caller's name or to one of the caller's groups, `{build.project}` as many components as
 * the value has, any other `{build.…}` one. In a claim: the same without variables. In a tag: `*` is any text.
 *
 * Matching goes back to the last star only, so it takes at most (length of pattern) x (length of text) steps however many
 * stars a pattern has; a regular expression with several stars can be made to take minutes by the choice of the text.
 */
import { isRepository, isTag, REPOSITORY_LENGTH } from '../protocol/names.ts';
import { didYouMean } from './did-you-mean.ts';
import { BUILD_CLAIMS, type Subject, UNKNOWN } from './facts.ts';
import { generalised, isVariable, matchesParts, matchesWild, type Part, substituted } from './glob-parts.ts';
import type { Truth } from './truth.ts';

export interface RepositoryGlob {
  readonly text: string;
  readonly parts: readonly Part[];
  /** Whether any part depends on who asks. */
  readonly variable: boolean;
  readonly anchors: Anchors;
}

/** What stands still in a pattern, by which it is found. */
export interface Anchors {
  /** The literal components at its beginning; without the last one, where there is nothing else. */
  readonly prefix: readonly string[];
  /** The component at its end, where that is literal. */
  readonly last: string | undefined;
}

/** A pattern of texts that slashes cut into components, which may hold anything else. */
export interface ClaimGlob {
  readonly text: string;
  readonly parts: readonly Part[];
}

export interface TagGlob {
  readonly text: string;
}

export type Parsed<T> =
  | { readonly ok: true; readonly glob: T }
  | { readonly ok: false; readonly reason: string };

const VARIABLES = ['{user}', '{group}', ...BUILD_CLAIMS.map((claim) => `{build.${claim}}`)];

/** Reads a pattern of repositories; refuses what can match no valid name. */
export function parseRepositoryGlob(text: string): Parsed<RepositoryGlob> {
  const refuse = (reason: string) => ({ ok: false as const, reason: `${JSON.stringify(text)}: ${reason}` });
  if (text.length > REPOSITORY_LENGTH) return refuse(`longer than ${REPOSITORY_LENGTH} characters`);
  if (text.includes(':')) return refuse('a repository has no colon; leave host, port and tag out');
  if (/[A-Z]/.test(text))
    return refuse(`repository names are lower case; ${JSON.stringify(text.toLowerCase())}?`);
  const strange = /[^a-z0-9._/*{}-]/u.exec(text)?.[0];
  if (strange !== undefined) {
    return refuse(`${JSON.stringify(strange)} has no place here; only *, ** and {variables} are special`);
  }
  const components = text.split('/');
  if (components.includes('')) return refuse('expected components with one slash between each two');
  // With two choices that depend on each other, it would be hard to say what a pattern fits.
  for (const once of ['{group}', '{build.project}']) {
    if (components.filter((component) => component === once).length > 1)
      return refuse(`${once} can stand once in a pattern`);
  }
  const parts = joinParts(components, parseRepositoryPart);
  if (typeof parts === 'string') return refuse(parts);
  return { ok: true, glob: { text, parts, variable: parts.some(isVariable), anchors: anchorsOf(parts) } };
}

function anchorsOf(parts: readonly Part[]): Anchors {
  const prefix: string[] = [];
  for (const part of parts) {
    if (part.kind !== 'literal') break;
    prefix.push(part.text);
  }
  if (prefix.length === parts.length) return { last: prefix.pop(), prefix };
  const final = parts.at(-1);
  return { prefix, last: final?.kind === 'literal' ? final.text : undefined };
}

/** @returns a sentence if a component is none. */
function joinParts(
  components: readonly string[],
  read: (component: string) => Part | string,
): Part[] | string {
  const parts: Part[] = [];
  for (const [index, component] of components.entries()) {
    const part = component === '**' ? ({ kind: 'components' } as const) : read(component);
    if (typeof part === 'string') return part;
    if (part.kind === 'components' && components[index - 1] === '**') return 'one ** is enough';
    // `a/**` is what lies below a; a itself is not below a.
    if (part.kind === 'components' && index > 0 && index === components.length - 1)
      parts.push({ kind: 'any' });
    parts.push(part);
  }
  return parts;
}

/** @returns a sentence if the component is not one. */
function parseRepositoryPart(component: string): Part | string {
  if (component === '*') return { kind: 'any' };
  if (component === '{user}') return { kind: 'user' };
  if (component === '{group}') return { kind: 'group' };
  const claim = BUILD_CLAIMS.find((one) => component === `{build.${one}}`);
  if (claim !== undefined) return { kind: 'claim', claim };
  // Beside other text a variable would be ambiguous: a-b and c make the same name as a and b-c.
  if (/[{}]/.test(component))
    return `only {user}, {group} and {build.…} are variables, each as a whole component${didYouMean(component, VARIABLES)}`;
  if (component.includes('**')) return '** stands alone between slashes';
  // A valid name stays valid with a letter in place of what a star stood for, so this refuses no useful pattern.
  if (!isRepository(component.replaceAll('*', 'a'))) {
    return `${JSON.stringify(component)} can be no part of a repository name`;
  }
  return wildOrLiteral(component);
}

function wildOrLiteral(component: string): Part {
  return component.includes('*')
    ? { kind: 'wild', pattern: component }
    : { kind: 'literal', text: component };
}

const CLAIM_LENGTH = 512;

/** Reads a pattern of a build's claim. Any text can be a claim, so it is refused only where stars contradict each other. */
export function parseClaimGlob(text: string): Parsed<ClaimGlob> {
  const refuse = (reason: string) => ({ ok: false as const, reason: `${JSON.stringify(text)}: ${reason}` });
  if (text === '' || text.length > CLAIM_LENGTH) return refuse(`expected 1 to ${CLAIM_LENGTH} characters`);
  const parts = joinParts(text.split('/'), (component) =>
    component.includes('**') ? '** stands alone between slashes' : wildOrLiteral(component),
  );
  return typeof parts === 'string' ? refuse(parts) : { ok: true, glob: { text, parts } };
}

export function matchesClaim({ parts }: ClaimGlob, value: string): boolean {
  return matchesParts(parts, value.split('/'), 'anyone');
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
export function coversAnyRepository(glob: RepositoryGlob, subject: Subject): Truth {
  if (glob.parts.every((part) => part.kind === 'components')) return true;
  if (!glob.variable) return UNKNOWN;
  const parts = substituted(glob.parts, subject);
  const grouped = parts?.some((part) => part.kind === 'group') ?? false;
  return parts === undefined || (grouped && subject.groups.length === 0) ? false : UNKNOWN;
}

/**
 * `components` are those of a valid name, so a user or group whose name is no valid component (`*`, `..`, `a/b`) is
 * equal to none of them. `anyone` asks whether there could be a caller for whom the pattern fits.
 */
export function matchesRepository(
  { parts, variable }: RepositoryGlob,
  components: readonly string[],
  subject: Subject | 'anyone',
): boolean {
  if (!variable) return matchesParts(parts, components, subject);
  const own = subject === 'anyone' ? generalised(parts) : substituted(parts, subject);
  return own !== undefined && matchesParts(own, components, subject);
}
