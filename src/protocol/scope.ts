/**
 * The scopes of the token protocol.
 *
 *     scope = type [ "(" class ")" ] ":" name ":" action *( "," action )
 *
 * What breaks the grammar is an error, so that a misspelt request is not quietly a smaller one. What the grammar
 * allows but Warden does not know (a type, a class, an action, a name with a host) is kept and grants nothing.
 *
 * @see https://distribution.github.io/distribution/spec/auth/scope/
 */
import { isRepository } from './names.ts';

export interface Scope {
  readonly type: 'repository' | 'registry';
  readonly name: string;
  /** As asked, without repetitions: `pull`, `push`, `delete`, `*`, or words unknown here. */
  readonly actions: readonly string[];
}

export type ParsedScopes =
  | { readonly ok: true; readonly scopes: readonly Scope[] }
  | { readonly ok: false; readonly reason: string };

/** More than any client asks for; each one costs a decision and room in the token. */
export const SCOPE_LIMIT = 100;

const TYPE = /^([a-z0-9]+)(?:\(([a-z0-9]+)\))?$/;
const ACTION = /^(?:[a-z]+|\*)$/;
const HOST_AND_PORT = /^[A-Za-z0-9.-]+:[0-9]{1,5}\//;

/**
 * Reads the values of all `scope` parameters; each may itself be a list separated by spaces.
 *
 * Scopes of one (type, name) are merged into one; their order is that of first mention.
 */
export function parseScopes(values: readonly string[]): ParsedScopes {
  const words = values.flatMap((value) => value.split(' ')).filter((word) => word !== '');
  if (words.length > SCOPE_LIMIT)
    return { ok: false, reason: `more than ${SCOPE_LIMIT} scopes in one request` };
  const merged = new Map<string, { type: Scope['type']; name: string; actions: Set<string> }>();
  for (const word of words) {
    const scope = parseScope(word);
    if (scope === 'malformed') return { ok: false, reason: `the scope ${quote(word)} cannot be parsed` };
    if (scope === 'foreign') continue;
    const key = `${scope.type}:${scope.name}`;
    const entry = merged.get(key) ?? { type: scope.type, name: scope.name, actions: new Set() };
    for (const action of scope.actions) entry.actions.add(action);
    merged.set(key, entry);
  }
  return {
    ok: true,
    scopes: [...merged.values()].map((entry) => ({ ...entry, actions: [...entry.actions] })),
  };
}

/** `foreign`: right in form, and nothing that could be granted here. */
function parseScope(word: string): Scope | 'foreign' | 'malformed' {
  // A name may hold a colon (host:port/path), so the type ends at the first colon and the actions begin after the last.
  const first = word.indexOf(':');
  const last = word.lastIndexOf(':');
  if (first < 0 || first === last) return 'malformed';
  const type = TYPE.exec(word.slice(0, first));
  const name = word.slice(first + 1, last);
  const actions = word.slice(last + 1).split(',');
  if (!type || name === '' || !actions.every((action) => ACTION.test(action))) return 'malformed';
  const [, kind, kindClass] = type;
  // Dropping the class would grant the plain repository of the same name.
  if (kindClass !== undefined) return 'foreign';
  if (kind === 'registry') return { type: 'registry', name, actions };
  if (kind !== 'repository') return 'foreign';
  if (isRepository(name)) return { type: 'repository', name, actions };
  return HOST_AND_PORT.test(name) && isRepository(name.slice(name.indexOf('/') + 1))
    ? 'foreign'
    : 'malformed';
}

/** What strangers write is shown only cut and in printable ASCII. */
function quote(word: string): string {
  return JSON.stringify(word.slice(0, 100).replace(/[^\x20-\x7e]/g, '?'));
}
