/** Says in a person's words what a schema found wrong, and at which key or value. Values are never repeated: they may be secrets. */
import type { z } from 'zod';
import { didYouMean } from '../policy/did-you-mean.ts';
import { type Path, pathText } from '../policy/problem.ts';

export interface Explanation {
  readonly path: Path;
  /** Whether the fault lies with the key itself or with its value. */
  readonly part: 'key' | 'value';
  readonly message: string;
}

type Issue = z.core.$ZodIssue;

/** Explains every issue; one for each unknown key. `schema` is what was checked against, for its known keys. */
export function explainIssues(issues: readonly Issue[], schema: z.core.$ZodType): Explanation[] {
  return issues.flatMap((issue) => explain(issue, schema));
}

function explain(issue: Issue, schema: z.core.$ZodType): Explanation[] {
  const { path } = issue;
  if (issue.code === 'unrecognized_keys') {
    const known = knownKeys(schema, path);
    return issue.keys.map((key) => ({
      path: [...path, key],
      part: 'key' as const,
      message: prefixed(path, `unknown key \`${printable(key)}\`${suggestion(key, known)}`),
    }));
  }
  if (issue.code === 'invalid_key') {
    const reason = issue.issues[0]?.message ?? issue.message;
    return [{ path, part: 'key', message: prefixed(path.slice(0, -1), reason) }];
  }
  const meant = issue.code === 'invalid_union' ? meantOption(issue.errors) : undefined;
  if (meant !== undefined)
    return meant.flatMap((inner) => explain({ ...inner, path: [...path, ...inner.path] }, schema));
  const missing = issue.code === 'invalid_type' && issue.input === undefined;
  if (missing)
    return [
      { path, part: 'key', message: `${printable(pathText(path))} is missing; expected ${expected(issue)}` },
    ];
  if (issue.code === 'custom' && issue.params?.['part'] === 'key') {
    return [{ path, part: 'key', message: prefixed(path.slice(0, -1), issue.message) }];
  }
  return [{ path, part: 'value', message: prefixed(path, sentence(issue)) }];
}

/** Of several forms the one whose kind of value was given: what is wrong inside it is worth more than all the forms there are. */
function meantOption(options: readonly (readonly Issue[])[]): readonly Issue[] | undefined {
  const fitting = options.filter(
    (issues) => !issues.some(({ code, path }) => code === 'invalid_type' && path.length === 0),
  );
  return fitting.length === 1 ? fitting[0] : undefined;
}

function sentence(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `expected ${expected(issue)}, found ${kindOf(issue.input)}${quotesHint(issue)}`;
    case 'invalid_value': {
      const words = issue.values.map(String);
      const offered = words.length === 1 ? words[0] : `one of ${words.join(', ')}`;
      const near = typeof issue.input === 'string' ? didYouMean(issue.input, words) : '';
      return `expected ${offered}${near}`;
    }
    case 'invalid_union': {
      const offered = issue.errors.flatMap(([first]) =>
        first?.code === 'invalid_type' ? [WORDS[first.expected] ?? first.expected] : [],
      );
      return `expected ${offered.join(' or ')}, found ${kindOf(issue.input)}`;
    }
    case 'too_small':
      if (issue.origin === 'array') return 'an empty list says nothing; expected at least one entry';
      if (issue.origin === 'string') return 'an empty text says nothing; expected at least one character';
      return `expected at least ${issue.minimum}`;
    case 'too_big':
      if (issue.origin === 'string') return `expected at most ${issue.maximum} characters`;
      if (issue.origin === 'array') return `expected at most ${issue.maximum} entries`;
      return `expected at most ${issue.maximum}`;
    default:
      return issue.message;
  }
}

const WORDS: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'keys with values',
  record: 'names with values',
};

function expected(issue: Extract<Issue, { code: 'invalid_type' }>): string {
  return WORDS[issue.expected] ?? issue.expected;
}

function kindOf(input: unknown): string {
  if (input === null) return 'nothing';
  if (Array.isArray(input)) return 'a list';
  switch (typeof input) {
    case 'string':
      return 'a text';
    case 'number':
      return 'a number';
    case 'boolean':
      return `${input}`;
    default:
      return 'keys with values';
  }
}

/** YAML reads a bare 123 or true as no text. */
function quotesHint(issue: Extract<Issue, { code: 'invalid_type' }>): string {
  const bare = typeof issue.input === 'number' || typeof issue.input === 'boolean';
  return issue.expected === 'string' && bare ? '; put it in quotes' : '';
}

function prefixed(path: Path, message: string): string {
  return path.length === 0 ? message : `${printable(pathText(path))}: ${message}`;
}

/** Keys come from the file and may hold anything. */
function printable(text: string): string {
  return text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '?').slice(0, 200);
}

function suggestion(key: string, known: readonly string[]): string {
  const near = didYouMean(key, known).replaceAll('"', '`');
  return near !== '' || known.length === 0 ? near : `; known here: ${known.join(', ')}`;
}

/** The keys of the object at a path of a schema; empty if there is none. */
function knownKeys(schema: z.core.$ZodType, path: Path): readonly string[] {
  let here: z.core.$ZodType | undefined = schema;
  for (const step of path) here = here && stepInto(memberFor(unwrap(here), step), step);
  const def = here && definition(memberFor(unwrap(here), ''));
  return def?.type === 'object' ? Object.keys(def.shape) : [];
}

/** Of several shapes the one that a step leads into: a number into a list, a word into keys. */
function memberFor(schema: z.core.$ZodType, step: PropertyKey): z.core.$ZodType {
  const def = definition(schema);
  if (def.type !== 'union') return schema;
  const wanted = typeof step === 'number' ? 'array' : 'object';
  return def.options.map(unwrap).find((option) => definition(option).type === wanted) ?? schema;
}

function stepInto(schema: z.core.$ZodType, step: PropertyKey): z.core.$ZodType | undefined {
  const def = definition(schema);
  if (def.type === 'object') return def.shape[String(step)];
  if (def.type === 'array') return def.element;
  return def.type === 'record' ? def.valueType : undefined;
}

/** Takes off what only says "may be absent", "has a default", "is changed afterwards". */
function unwrap(schema: z.core.$ZodType): z.core.$ZodType {
  let here = schema;
  for (;;) {
    const def = definition(here);
    if (def.type === 'pipe') here = def.in;
    else if ('innerType' in def) here = def.innerType;
    else return here;
  }
}

/** The library types a schema's definition by its kind name alone; these are the kinds that our schemas are built of. */
function definition(schema: z.core.$ZodType):
  | { readonly type: 'object'; readonly shape: Readonly<Record<string, z.core.$ZodType>> }
  | { readonly type: 'array'; readonly element: z.core.$ZodType }
  | { readonly type: 'record'; readonly valueType: z.core.$ZodType }
  | { readonly type: 'pipe'; readonly in: z.core.$ZodType }
  | { readonly type: 'union'; readonly options: readonly z.core.$ZodType[] }
  | {
      readonly type: 'optional' | 'default' | 'prefault' | 'readonly' | 'nullable';
      readonly innerType: z.core.$ZodType;
    }
  | { readonly type: 'string' } {
  return (schema as z.core.$ZodTypes)._zod.def as ReturnType<typeof definition>;
}
