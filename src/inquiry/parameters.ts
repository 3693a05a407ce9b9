/** The parameters of a question about the policy. An unknown one is an error: an answer that ignored it would mislead. */
import { z } from 'zod';
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

type ParameterName = (typeof PARAMETERS)[QuestionKind][number];

/** What each says. */
const MEANINGS: Readonly<Record<ParameterName, string>> = {
  can: 'an action of the policy language, such as push; may be repeated',
  repository: 'the name of a repository, or a pattern where rights are asked for',
  from: 'an address, or the name of a host or network of the policy',
  tokenFrom: 'where the token was fetched; as `from` unless told',
  tag: 'the tag that is written; empty for none',
  time: 'when: RFC 3339, or as the policy writes moments',
  version: 'digest of the policy that is asked; the one in force unless told',
  user: 'a user; empty is nobody who has logged in',
  group: 'a group of the user; may be repeated; those of the users file unless told',
  kind: 'person, robot, build or anonymous',
  method: 'how they have logged in',
  build: 'what an id token says, as claim=value; may be repeated',
  action: 'what is done, in the words of the policy',
  client: 'the User-Agent',
  certificate: 'a name in the client certificate',
  approved: 'true or false: with a grant that somebody else has approved',
  old: 'digest of a policy, or live',
  new: 'digest of a policy, or live',
  replay: 'days: recorded requests whose answer changes',
};
const NEEDED: readonly string[] = ['old', 'new'];

const REPEATED: readonly string[] = ['can', 'group', 'build'];
const TEXT_LIMIT = 512;
const VALUES_LIMIT = 100;

/** For the description of the API; what is read is read by `readParameters`. */
export function parameterSchema(kind: QuestionKind): z.ZodObject<z.ZodRawShape> {
  const needed = kind === 'who' ? ['can'] : NEEDED;
  return z.strictObject(
    Object.fromEntries(
      PARAMETERS[kind].map((name) => {
        const one = z.string().max(TEXT_LIMIT);
        const schema = REPEATED.includes(name) ? z.union([one, z.array(one).max(VALUES_LIMIT)]) : one;
        return [name, (needed.includes(name) ? schema : schema.optional()).describe(MEANINGS[name])];
      }),
    ),
  );
}

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
