/**
 * Turns "this pattern fits that repository" into what it asks of the caller: `{user}/**` fits alice/app for alice alone.
 */
import type { Conditions } from '../conditions.ts';
import { BUILD_CLAIMS, type BuildClaim } from '../facts.ts';
import { matchesRepository, parseClaimGlob, type RepositoryGlob } from '../glob.ts';
import { matchesParts, type Part } from '../glob-parts.ts';

/** What a caller must be for a pattern to fit one repository; a key that is absent asks nothing. */
export interface Solution {
  readonly user?: string;
  readonly group?: string;
  readonly claims?: ReadonlyMap<BuildClaim, string>;
}

/** With `**` between two variables there are many ways; beyond these the pattern stays a condition of its own. */
const SOLUTION_LIMIT = 64;

/**
 * All callers for whom the pattern fits, as alternatives: none where it fits for nobody, one without keys where it fits
 * for everyone.
 *
 * @returns undefined where there are too many ways to list.
 */
export function solveGlob(
  glob: RepositoryGlob,
  components: readonly string[],
): readonly Solution[] | undefined {
  if (!matchesRepository(glob, components, 'anyone')) return [];
  if (!glob.variable) return [{}];
  const found = new Map<string, Solution>();
  const walk = (part: number, at: number, so: Solution): boolean => {
    const wanted = glob.parts[part];
    if (wanted === undefined) {
      if (at === components.length) found.set(keyOf(so), so);
      return found.size <= SOLUTION_LIMIT;
    }
    for (const length of lengthsOf(wanted, components.length - at)) {
      const next = extended(so, wanted, components.slice(at, at + length));
      if (next !== undefined && !walk(part + 1, at + length, next)) return false;
    }
    return true;
  };
  return walk(0, 0, {}) ? [...found.values()] : undefined;
}

/** How many components a part can take of those that are left. */
function lengthsOf(part: Part, left: number): readonly number[] {
  if (part.kind === 'components') return Array.from({ length: left + 1 }, (_, length) => length);
  if (part.kind === 'claim' && part.claim === 'project')
    return Array.from({ length: left }, (_, length) => length + 1);
  return left > 0 ? [1] : [];
}

/** @returns undefined where the part does not fit, or asks for another value than before. */
function extended(so: Solution, part: Part, taken: readonly string[]): Solution | undefined {
  const text = taken.join('/');
  switch (part.kind) {
    case 'user':
      return so.user === undefined || so.user === text ? { ...so, user: text } : undefined;
    case 'group':
      return { ...so, group: text };
    case 'claim': {
      const before = so.claims?.get(part.claim);
      if (before !== undefined) return before === text ? so : undefined;
      return { ...so, claims: new Map([...(so.claims ?? []), [part.claim, text]]) };
    }
    default:
      return part.kind === 'components' || matchesParts([part], taken, 'anyone') ? so : undefined;
  }
}

function keyOf({ user, group, claims }: Solution): string {
  return JSON.stringify([user, group, BUILD_CLAIMS.map((claim) => claims?.get(claim))]);
}

/** The callers of some solutions. Names alone, and groups alone, are one list. */
export function asConditions(solutions: readonly Solution[]): readonly Conditions[] {
  if (solutions.length === 0) return [];
  const alone = (key: keyof Solution) => solutions.every((so) => Object.keys(so).join() === key);
  const values = (key: 'user' | 'group') => new Set(solutions.flatMap((so) => so[key] ?? []));
  if (alone('user')) return [{ users: values('user') }];
  if (alone('group')) return [{ groups: values('group') }];
  return solutions.map(({ user, group, claims }) => ({
    ...(user !== undefined && { users: new Set([user]) }),
    ...(group !== undefined && { groups: new Set([group]) }),
    ...(claims && {
      build: new Map(
        [...claims].map(([claim, value]) => {
          const parsed = parseClaimGlob(value);
          return [claim, parsed.ok ? [parsed.glob] : []] as const;
        }),
      ),
    }),
  }));
}
