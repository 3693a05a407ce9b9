/**
 * How docker_auth decides, written from its documents and from what it was seen to do. It shares nothing with src/import.
 *
 * - Entries are asked in their order; the first of which all keys fit decides. Without one nothing is granted.
 * - A pattern between slashes is a regular expression, found anywhere; any other is a glob of Go's path.Match.
 * - Placeholders are filled in first: what they put in is quoted for the account, and for nothing else. A pattern with
 *   labels is tried without them, then with each combination of the caller's values.
 * - Keys of `match` that it does not know, and keys without a value, hold nobody back.
 */

export interface ModelUser {
  readonly password?: string;
  readonly labels?: Readonly<Record<string, readonly string[]>>;
}

export interface ModelEntry {
  readonly match: Readonly<Record<string, string | null | Readonly<Record<string, string>>>>;
  readonly actions?: readonly string[];
}

export interface ModelConfig {
  readonly users: Readonly<Record<string, ModelUser>>;
  readonly acl: readonly ModelEntry[];
}

export interface ModelRequest {
  readonly account: string;
  readonly type: string;
  readonly name: string;
  readonly service: string;
  readonly ip: string;
}

/**
 * `as-it-is`: what docker_auth does. `closed`: the same with regular expressions that must fit the whole text, and with
 * what is put into them taken literally.
 */
export type Mode = 'as-it-is' | 'closed';

const MATCHED = ['account', 'type', 'name', 'service'] as const;

/** The number of the first entry that fits, from 1; undefined where none does. */
export function firstFitting(config: ModelConfig, request: ModelRequest): number | undefined {
  const index = config.acl.findIndex((entry) => entryFits(config, entry, request, 'as-it-is'));
  return index < 0 ? undefined : index + 1;
}

/** Of the asked actions those that an entry grants, where it is the one that decides. */
export function grantedBy({ actions = [] }: ModelEntry, asked: string): boolean {
  return (actions.length === 1 && actions[0] === '*') || actions.includes(asked);
}

export function entryFits(
  config: ModelConfig,
  { match }: ModelEntry,
  request: ModelRequest,
  mode: Mode,
): boolean {
  const labels = config.users[request.account]?.labels ?? {};
  const fixed: [string, string][] = MATCHED.map((key) => [`\${${key}}`, quoteMeta(request[key])]);
  const captures: [string, string][] = [];
  for (const key of MATCHED) {
    const text = match[key];
    if (typeof text !== 'string') continue;
    for (const [placeholder, name = '', number] of text.matchAll(/\$\{(.+?):(\d+)\}/g)) {
      const field = MATCHED.find(
        (one) => one === name.toLowerCase() && (name[0] ?? '').toLowerCase() + name.slice(1) === one,
      );
      const pattern = field === undefined ? undefined : match[field];
      if (field === undefined || typeof pattern !== 'string') continue;
      if (pattern.length < 2 || !pattern.startsWith('/') || !pattern.endsWith('/')) continue;
      const value = expression(pattern.slice(1, -1))?.exec(request[field])?.[Number(number)];
      if (Number(number) >= 1 && value !== undefined) captures.push([placeholder, value]);
    }
  }
  const variables: Variable[] = [
    ...fixed.map(([from, to]) => ({ from, to, quoted: true })),
    ...captures.map(([from, to]) => ({ from, to, quoted: false })),
  ];
  return (
    MATCHED.every((key) => {
      const text = match[key];
      return typeof text !== 'string' || fitsWithLabels(text, request[key], variables, labels, mode);
    }) &&
    (typeof match['ip'] !== 'string' || inRange(match['ip'], request.ip)) &&
    Object.entries((match['labels'] ?? {}) as Readonly<Record<string, string>>).every(([label, text]) =>
      (labels[label] ?? []).some((value) => fits(text, value, variables, mode)),
    )
  );
}

interface Variable {
  readonly from: string;
  readonly to: string;
  /** Whether `to` is quoted already. */
  readonly quoted: boolean;
}

function fitsWithLabels(
  text: string,
  value: string,
  variables: readonly Variable[],
  labels: Readonly<Record<string, readonly string[]>>,
  mode: Mode,
): boolean {
  if (fits(text, value, variables, mode)) return true;
  const named = Object.entries(labels).filter(([label]) => text.includes(`\${labels:${label}}`));
  if (named.length === 0) return false;
  let combinations: Variable[][] = [[]];
  for (const [label, values] of named) {
    combinations = combinations.flatMap((before) =>
      values.map((to) => [...before, { from: `\${labels:${label}}`, to, quoted: false }]),
    );
  }
  return combinations.some((own) => fits(text, value, [...variables, ...own], mode));
}

function fits(text: string, value: string, variables: readonly Variable[], mode: Mode): boolean {
  const isExpression = (one: string): boolean => one.length > 2 && one[0] === '/' && one.at(-1) === '/';
  const closing = mode === 'closed' && isExpression(text);
  const filled = replace(text, variables, closing);
  if (!isExpression(filled)) return pathMatch(filled, value);
  const source = filled.slice(1, -1);
  return expression(mode === 'closed' ? closed(source) : source)?.test(value) ?? false;
}

/** Of what RE2 and JavaScript read alike, and (?i). An expression that became malformed when it was filled in fits nothing. */
function expression(source: string): RegExp | undefined {
  try {
    return source.startsWith('(?i)') ? new RegExp(source.slice(4), 'i') : new RegExp(source);
  } catch {
    return undefined;
  }
}

/** Held at both ends, but where nothing is asked but a length, and where it ends at a slash or in anything. */
function closed(source: string): string {
  if (/^[\^.*+$]*$/.test(source) && source !== '') return source;
  // Of /^a|b$/ each half is open at an end.
  if (/^[^(]*\|/.test(source)) return `^(?:${source})$`;
  // Held at one end, and so meant as a beginning or an ending.
  if (source.startsWith('^') !== source.endsWith('$')) return source;
  const before = /^(?:\^|\\?\/|\.[*+])/.test(source) ? '' : '^';
  const behind = /(?:\$|\/|\.[*+])$/.test(source) ? '' : '$';
  return `${before}(?:${source})${behind}`;
}

function replace(text: string, variables: readonly Variable[], quoting: boolean): string {
  let result = '';
  for (let at = 0; at < text.length; ) {
    const found = variables.find(({ from }) => text.startsWith(from, at));
    if (!found) result += text[at++];
    else {
      result += found.quoted || !quoting ? found.to : quoteMeta(found.to);
      at += found.from.length;
    }
  }
  return result;
}

function quoteMeta(text: string): string {
  return text.replace(/[\\.+*?()|[\]{}^$]/g, (character) => `\\${character}`);
}

/** @see https://pkg.go.dev/path#Match */
export function pathMatch(pattern: string, name: string): boolean {
  const from = (p: number, n: number): boolean => {
    if (p === pattern.length) return n === name.length;
    const character = pattern[p];
    if (character === '*') {
      for (let end = n; ; end++) {
        if (from(p + 1, end)) return true;
        if (end >= name.length || name[end] === '/') return false;
      }
    }
    if (character === '[') {
      let at = p + 1;
      const negated = pattern[at] === '^';
      if (negated) at++;
      let within = false;
      for (let first = true; first || pattern[at] !== ']'; first = false) {
        const one = (): string | undefined => {
          if (pattern[at] === undefined || pattern[at] === '-' || pattern[at] === ']') return undefined;
          if (pattern[at] === '\\') at++;
          return pattern[at++];
        };
        const low = one();
        let high = low;
        if (pattern[at] === '-') {
          at++;
          high = one();
        }
        if (low === undefined || high === undefined || at >= pattern.length) return false;
        const seen = name[n];
        if (seen !== undefined && low <= seen && seen <= high) within = true;
      }
      return n < name.length && within !== negated && from(at + 1, n + 1);
    }
    if (n >= name.length) return false;
    if (character === '?') return name[n] !== '/' && from(p + 1, n + 1);
    if (character === '\\') return pattern[p + 1] === name[n] && from(p + 2, n + 1);
    return character === name[n] && from(p + 1, n + 1);
  };
  return from(0, 0);
}

/** IPv4 only, as the tests ask for no more. */
function inRange(range: string, ip: string): boolean {
  const [base = '', bits = '32'] = range.split('/');
  const number = (text: string): number => text.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  const size = 2 ** (32 - Number(bits));
  return Math.floor(number(base) / size) === Math.floor(number(ip) / size);
}
