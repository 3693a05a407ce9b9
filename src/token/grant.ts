/**
 * What a token is granted of what was asked: each scope decided by policy, and whatever is refused left out. Pure.
 *
 * An action is granted when policy may still allow it: where the token will be used, with which tag, and whether that
 * tag exists, is known only later, when every request is decided again.
 */
import { type Action, UNKNOWN, type Unknown, type Verdict } from '../policy/facts.ts';
import type { Scope } from '../protocol/scope.ts';
import type { Access } from './access.ts';

/**
 * Asks policy for one subject and address of asking. `repository` is UNKNOWN for the list of all repositories. The tag
 * and the address of use are for the asker to leave UNKNOWN.
 */
export type AskPolicy = (repository: string | Unknown, actions: readonly Action[]) => Verdict;

/** The words of a token, and what each means to the policy. In the order in which they are granted. */
const MEANING: readonly (readonly [word: string, actions: readonly Action[]])[] = [
  ['pull', ['pull']],
  ['push', ['create', 'overwrite']],
  ['delete', ['delete']],
];

/** One entry for each name of which something is granted; none for the rest. */
export function grant(scopes: readonly Scope[], ask: AskPolicy): readonly Access[] {
  const entries = new Map<string, Access>();
  for (const { type, name, actions } of scopes) {
    const granted =
      type === 'registry' ? grantRegistry(name, actions, ask) : grantRepository(name, actions, ask);
    const key = `${type}:${name}`;
    const words = new Set([...(entries.get(key)?.actions ?? []), ...granted]);
    if (words.size > 0) entries.set(key, { type, name, actions: [...words] });
  }
  return [...entries.values()];
}

/** `*` asks for all there are; it is never granted as such, since in a token it would open what is yet to be invented. */
function grantRepository(name: string, asked: readonly string[], ask: AskPolicy): string[] {
  return MEANING.filter(([word]) => asked.includes(word) || asked.includes('*'))
    .filter(([, actions]) => ask(name, actions) !== 'refused')
    .map(([word]) => word);
}

/** The list of repositories is the only thing of the registry itself, and `*` the only word for it. */
function grantRegistry(name: string, asked: readonly string[], ask: AskPolicy): string[] {
  if (name !== 'catalog' || !asked.includes('*')) return [];
  return ask(UNKNOWN, ['list']) === 'refused' ? [] : ['*'];
}

/** The entries as scopes, for the field `scope` of the answer. */
export function scopeText(access: readonly Access[]): string {
  return access.map(({ type, name, actions }) => `${type}:${name}:${actions.join(',')}`).join(' ');
}
