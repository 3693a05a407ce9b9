/** Patterns with variables, for a caller of whom something is known. */
import { isRepository } from '../../protocol/names.ts';
import { BUILD_CLAIMS } from '../facts.ts';
import { parseRepositoryGlob, type RepositoryGlob } from '../glob.ts';
import type { GivenWho } from './caller.ts';

/**
 * The patterns that stand for this one: what is known in place of its variables, one pattern for each group. None where
 * the caller lacks what a variable stands for, or has it in a form that is no part of a repository's name.
 */
export function specialise(glob: RepositoryGlob, who: GivenWho | undefined): readonly RepositoryGlob[] {
  if (!glob.variable || who === undefined) return [glob];
  let texts: readonly (readonly string[])[] = [[]];
  for (const component of glob.text.split('/')) {
    const values = valuesOf(component, who);
    texts = values.flatMap((value) => texts.map((text) => [...text, value]));
  }
  return texts.map((text) => {
    const parsed = parseRepositoryGlob(text.join('/'));
    // Longer than a name can be: it stays as it was written, and fits what it fits.
    return parsed.ok ? parsed.glob : glob;
  });
}

/** What a component can be for this caller; itself where it is no variable, or nothing is known. */
function valuesOf(component: string, { name, kind, groups, build }: GivenWho): readonly string[] {
  if (component === '{user}') {
    if (kind === 'anonymous') return [];
    return name === undefined ? [component] : isComponent(name) ? [name] : [];
  }
  if (component === '{group}') {
    if (kind === 'anonymous') return [];
    return groups?.complete === true ? [...groups.names].filter(isComponent) : [component];
  }
  const claim = BUILD_CLAIMS.find((one) => component === `{build.${one}}`);
  if (claim === undefined) return [component];
  if (kind !== undefined && kind !== 'build') return [];
  if (build === undefined) return [component];
  const value = build[claim];
  if (value === undefined || !isRepository(value)) return [];
  return claim === 'project' || isComponent(value) ? [value] : [];
}

function isComponent(text: string): boolean {
  return !text.includes('/') && isRepository(text);
}
