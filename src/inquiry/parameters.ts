/** The parameters of a question about the policy. An unknown one is an error: an answer that ignored it would mislead. */
import { WardenError } from '../errors.ts';
import { QUESTION_KEYS } from '../policy/ask.ts';

export type Raw = Readonly<Record<string, string | readonly string[]>>;

/** What each question takes. `can`, `group` and `build` may be repeated. */
export const PARAMETERS = {
  who: ['can', 'repository', 'from', 'tag', 'time', 'version'],
  what: ['user', 'group', 'kind', 'method', 'can', 'repository', 'from', 'tag', 'time', 'version'],
  explain: [...QUESTION_KEYS, 'version'],
  diff: ['old', 'new', 'replay'],
} as const;
export type QuestionKind = keyof typeof PARAMETERS;

const REPEATED: readonly string[] = ['can', 'group', 'build'];
const TEXT_LIMIT = 512;
const VALUES_LIMIT = 100;

export interface Parameters {
  one(name: string): string | undefined;
  /** All values; undefined where there is none. */
  all(name: string): readonly string[] | undefined;
}

/** @throws {WardenError} FILTER_MALFORMED. */
export function readParameters(kind: QuestionKind, raw: Raw): Parameters {
  const known: readonly string[] = PARAMETERS[kind];
  for (const [name, value] of Object.entries(raw)) {
    if (!known.includes(name)) throw malformed(name, `is not known here; there are ${known.join(', ')}`);
    const values = [value].flat();
    if (values.length > 1 && !REPEATED.includes(name)) throw malformed(name, 'is given more than once');
    if (values.length > VALUES_LIMIT) throw malformed(name, `is given more than ${VALUES_LIMIT} times`);
    if (values.some((text) => text.length > TEXT_LIMIT))
      throw malformed(name, `is longer than ${TEXT_LIMIT} characters`);
  }
  const all = (name: string): readonly string[] | undefined =>
    Object.hasOwn(raw, name) ? [raw[name] ?? []].flat() : undefined;
  return { all, one: (name) => all(name)?.[0] };
}

/** @returns the error that names a parameter; `problem` continues the sentence. */
export function malformed(name: string, problem: string): WardenError {
  const sentence = `parameter ${JSON.stringify(name.slice(0, 64))} ${problem}`;
  return new WardenError('FILTER_MALFORMED', { sentence });
}
