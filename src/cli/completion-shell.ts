/** What the scripts of both shells have in common: their `case` has the same form. */
import type { Completions, Value } from './completion-table.ts';

/** For a shell: one word, nothing in it means anything. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** Branches that go down the commands, and step over the values of options. `at` is the path so far. */
export function walkBranches(all: readonly Completions[]): readonly string[] {
  return all.flatMap(({ path, commands, options }) => [
    ...commands.map(({ name }) => `${quoted(`${path}:${name}`)}) at=${quoted(`${path} ${name}`.trim())} ;;`),
    ...options
      .filter(({ value }) => value !== undefined)
      .map(({ name }) => `${quoted(`${path}:${name}`)}) ((i++)) ;;`),
  ]);
}

/** Branches for the value of an option, and at `path:` for what stands behind without one. */
export function valueBranches(
  all: readonly Completions[],
  what: (value: Exclude<Value, 'other'>) => string,
): readonly string[] {
  return all.flatMap(({ path, options, argument }) =>
    [...options, { name: '', value: argument }].flatMap(({ name, value }) =>
      value === undefined || value === 'other' ? [] : [`${quoted(`${path}:${name}`)}) ${what(value)} ;;`],
    ),
  );
}
