/**
 * What people wrote, so that what one reads is what is there: characters that reorder, hide or steer text are shown by
 * their number. Done once with each answer, so that no screen forgets it.
 */

/** Controls but tabs and line ends, bidirectional controls and other formats, lone surrogates, private use, separators of lines. */
const STRANGE = /(?![\n\t])[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/gu;

/** Of these every byte counts: they are checked, or saved. */
const EXACT: ReadonlySet<string> = new Set(['leaf', 'proof']);

export function visible(text: string): string {
  return text.replace(STRANGE, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
}

/** Reads JSON with the names and values of its members made visible. @throws {SyntaxError} */
export function parseVisibly(json: string): unknown {
  return JSON.parse(json, (name, value: unknown) => {
    if (typeof value === 'string') return EXACT.has(name) ? value : visible(value);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([key, member]) => [visible(key), member]));
  });
}
