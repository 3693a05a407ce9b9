/** Makes text from outside safe to show on a terminal: no escape, no line break, no reordering, no invisible character. */

/** C0, DEL, C1, bidirectional controls, zero-width and other format characters, separators of lines, lone surrogates, private use. */
const STRANGE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/gu;

/** Each such character as its code in view: `\u{1b}`. */
export function printable(text: string): string {
  return text.replace(STRANGE, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
}

/** JSON of one line whose text is the same when read, but which holds no such character raw. */
export function printableJson(value: unknown): string {
  return JSON.stringify(value).replace(STRANGE, (character) =>
    // JSON's own escapes are of UTF-16 code units.
    Array.from(
      { length: character.length },
      (_, at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`,
    ).join(''),
  );
}

/** Columns that printable text takes in a terminal: East Asian wide characters and emoji take two, combining marks none. */
export function columnsOf(text: string): number {
  let columns = 0;
  for (const character of text) columns += widthOf(character);
  return columns;
}

/** At most `limit` columns; what is cut ends in `…`. */
export function cutTo(text: string, limit: number): string {
  if (columnsOf(text) <= limit) return text;
  let result = '';
  let columns = 0;
  for (const character of text) {
    columns += widthOf(character);
    if (columns > limit - 1) break;
    result += character;
  }
  return `${result}…`;
}

function widthOf(character: string): number {
  if (/\p{M}/u.test(character)) return 0;
  return /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|[\u{1f000}-\u{3fffd}]/u.test(
    character,
  )
    ? 2
    : 1;
}
