/**
 * The placeholders of docker_auth's patterns: `${account}`, `${account:1}` (a group of the account's expression),
 * `${labels:group}` (each value of a label).
 *
 * Found from left to right, once; what was put in is not looked at again. What stands for nothing stays as it is.
 */
import { isRegex } from './pattern.ts';
import { groupsOf } from './try-pattern.ts';

/** The patterns of an entry in which placeholders may stand. */
export interface Patterns {
  readonly account?: string | undefined;
  readonly type?: string | undefined;
  readonly name?: string | undefined;
  readonly service?: string | undefined;
}

/** The name of the caller. */
export const ACCOUNT = `\${account}`;

export type Labels = ReadonlyMap<string, readonly string[]>;

/** More combinations of labels of one user are not tried. */
const COMBINATIONS = 64;

export function hasPlaceholder(text: string | undefined): boolean {
  return text?.includes('${') ?? false;
}

/** Names the labels whose placeholders a pattern holds. */
export function labelsIn(text: string): readonly string[] {
  return [...new Set([...text.matchAll(/\$\{labels:([^}]*)\}/g)].map(([, label = '']) => label))];
}

/** Whether a pattern asks for something that is known only when a request is there: a repository, a kind, a service. */
export function asksRequest(text: string): boolean {
  return /\$\{(?:name|type|service|Name|Type|Service)[:}]/.test(text);
}

/**
 * All texts that a pattern stands for, for one user: one for each combination of the labels that it names.
 *
 * @param quoting `all` keeps what is put into regular expressions literal. `theirs` does what docker_auth does: it quotes
 * the account, and neither groups nor labels.
 * @returns undefined where there are too many combinations.
 */
export function filledIn(
  text: string,
  patterns: Patterns,
  account: string,
  labels: Labels,
  quoting: 'all' | 'theirs',
): readonly string[] | undefined {
  const inRegex = isRegex(text);
  const quoted = (value: string): string => (quoting === 'all' && inRegex ? quote(value) : value);
  const fixed = new Map([[ACCOUNT, quote(account)]]);
  for (const [placeholder, value] of captured(patterns, account)) {
    if (!fixed.has(placeholder)) fixed.set(placeholder, quoted(value));
  }
  const named = labelsIn(text).filter((label) => labels.has(label));
  let choices: ReadonlyMap<string, string>[] = [fixed];
  for (const label of named) {
    const values = labels.get(label) ?? [];
    choices = choices.flatMap((choice) =>
      values.map((value) => new Map([...choice, [`\${labels:${label}}`, quoted(value)]])),
    );
    if (choices.length > COMBINATIONS) return undefined;
  }
  // Without the labels first, as they may not be needed: /^a$|${labels:x}/.
  return [...new Set([fixed, ...choices].map((choice) => replaced(text, choice)))];
}

/** The placeholders of groups, of all patterns of an entry. A placeholder before them in the same pattern hides them. */
function captured(patterns: Patterns, account: string): readonly (readonly [string, string])[] {
  const found: [string, string][] = [];
  for (const text of [patterns.account, patterns.type, patterns.name, patterns.service]) {
    for (const [placeholder, key = '', index] of (text ?? '').matchAll(/\$\{(.+?):(\d+)\}/g)) {
      if (key !== 'account' && key !== 'Account') continue;
      const groups = patterns.account === undefined ? undefined : groupsOf(patterns.account, account);
      const value = groups?.[Number(index)];
      if (Number(index) >= 1 && value !== undefined) found.push([placeholder, value]);
    }
  }
  return found;
}

function replaced(text: string, values: ReadonlyMap<string, string>): string {
  let result = '';
  let at = 0;
  while (at < text.length) {
    const found = [...values].find(([placeholder]) => text.startsWith(placeholder, at));
    result += found ? found[1] : text[at];
    at += found ? found[0].length : 1;
  }
  return result;
}

function quote(text: string): string {
  return text.replace(/[\\.+*?()|[\]{}^$]/g, '\\$&');
}
