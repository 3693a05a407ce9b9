/** Rules that no question can ever match, with the reason. */
import type { Conditions } from './conditions.ts';
import { conditionsCover } from './covers.ts';
import { type Method, SUBJECT_KINDS, type SubjectKind } from './facts.ts';
import type { Path } from './problem.ts';
import type { Rule } from './rule.ts';
import type { BlockContent, RuleContent } from './schema.ts';

/**
 * What logins give in this version. The language knows more, so that a policy can be written before; a rule that waits
 * for something else is told of.
 */
const PRODUCED: {
  readonly kinds: readonly SubjectKind[];
  readonly methods: readonly Method[];
} = { kinds: SUBJECT_KINDS, methods: ['password', 'ldap', 'oidc', 'robot', 'grant'] };

export interface Found {
  readonly path: Path;
  readonly sentence: string;
}

/** @returns the first reason why the rule holds for nothing; undefined where none is seen. */
export function neverReason({ when, unless, effect, bind }: Rule): Found | undefined {
  const contradiction = contradictionIn(when);
  if (contradiction !== undefined) return contradiction;
  const index = unless.findIndex((block) => conditionsCover(block, when));
  if (index < 0) return undefined;
  const always = bind && effect === 'allow' ? 'where it would hold' : 'wherever the rest of the rule does';
  return { path: ['unless'], sentence: `never applies: its exception holds ${always}` };
}

function contradictionIn(when: Conditions): Found | undefined {
  const { users, groups, kinds, methods, authenticated, approved, build } = when;
  const person = users ?? groups ?? methods ?? build;
  const onlyAnonymous = authenticated === false || (kinds !== undefined && !someOther(kinds, 'anonymous'));
  const onlyNamed = person !== undefined || authenticated === true || approved === true;
  const neither = authenticated === false && kinds?.has('anonymous') === false;
  if ((onlyAnonymous && onlyNamed) || neither)
    return { path: ['who'], sentence: 'nobody can be all of this, so it never applies' };
  if (build !== undefined && kinds?.has('build') === false)
    return { path: ['build'], sentence: 'only callers of the kind build have this, so it never applies' };
  return undefined;
}

function someOther(kinds: ReadonlySet<SubjectKind>, kind: SubjectKind): boolean {
  return [...kinds].some((one) => one !== kind);
}

/** What the rule waits for and nothing provides yet. */
export function notProduced(rule: RuleContent): readonly Found[] {
  const within = Array.isArray(rule.unless);
  const blocks = [rule.unless ?? []].flat().map((block, index) => ({
    block,
    path: within ? ['unless', index] : ['unless'],
  }));
  return [{ block: rule, path: [] as Path }, ...blocks].flatMap(({ block, path }) =>
    missing(block).map((found) => ({ ...found, path: [...path, ...found.path] })),
  );
}

function missing({ who }: Pick<BlockContent, 'who'>): readonly Found[] {
  const found: Found[] = [];
  const words = (list: readonly string[] | undefined, produced: readonly string[], key: string) => {
    for (const [index, word] of (list ?? []).entries()) {
      if (produced.includes(word)) continue;
      const sentence = `waits for callers whose ${key} is ${word}, which this version has not`;
      found.push({ path: ['who', `${key}s`, index], sentence });
    }
  };
  words(who?.kinds, PRODUCED.kinds, 'kind');
  words(who?.methods, PRODUCED.methods, 'method');
  return found;
}
