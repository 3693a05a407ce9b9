/** How a rule names a set. */

export const SET_KINDS = ['users', 'groups', 'repositories', 'tags', 'times'] as const;
export type SetKind = (typeof SET_KINDS)[number];

/**
 * No repository, tag or name of a user can hold a colon (protocol/names.ts, RFC 7617), so this is never one of them. A
 * group of a directory could; one that is called so cannot be named in a rule.
 */
const PREFIX = 'set:';

/** The name of the set that an entry of a list refers to; undefined for an entry that stands for itself. */
export function setNamed(text: string): string | undefined {
  return text.startsWith(PREFIX) ? text.slice(PREFIX.length) : undefined;
}
