/**
 * JSON as two readers would read it alike.
 *
 * The registry and the clients are written in Go, whose decoder takes the last of duplicate keys, matches the keys of a
 * struct without regard to case (U+017F and U+212A fold to s and k) and repairs bad UTF-8; JavaScript does none of it.
 * A document in which that could matter has two readings and is refused.
 */

export type StrictJson =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly reason: string };

/** Parses UTF-8 JSON without a byte order mark and without duplicate keys at any level. Never throws. */
export function readStrictJson(bytes: Uint8Array): StrictJson {
  let text: string;
  let value: unknown;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return { ok: false, reason: 'it is not UTF-8' };
  }
  try {
    value = JSON.parse(text);
  } catch {
    return { ok: false, reason: 'it is not JSON' };
  }
  const duplicate = findDuplicateKey(text);
  if (duplicate !== undefined)
    return { ok: false, reason: `the key ${show(duplicate)} stands twice in one object` };
  return { ok: true, value };
}

/**
 * The first key of a struct that a Go decoder would take for a known one although it is spelt differently.
 *
 * @returns undefined where there is none.
 */
export function findFoldedKey(object: object, known: readonly string[]): string | undefined {
  return Object.keys(object).find(
    (key) => !known.includes(key) && known.some((name) => fold(name) === fold(key)),
  );
}

/** A key as it may be shown to a person: cut, printable ASCII. */
export function show(key: string): string {
  return JSON.stringify(key.slice(0, 60)).replace(
    /[^\x20-\x7e]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** Go's simple folding, as far as it reaches ASCII: letters, LATIN SMALL LETTER LONG S, KELVIN SIGN. */
function fold(key: string): string {
  return key
    .replace(/[A-Z]/g, (letter) => letter.toLowerCase())
    .replaceAll('\u017f', 's')
    .replaceAll('\u212a', 'k');
}

/** Walks text that is known to be valid JSON; keys are compared after their escapes are resolved. */
function findDuplicateKey(text: string): string | undefined {
  // One entry for each open object (its keys) or array (undefined).
  const open: (Set<string> | undefined)[] = [];
  let expectKey = false;
  for (let i = 0; i < text.length; i++) {
    switch (text[i]) {
      case '{':
        open.push(new Set());
        expectKey = true;
        break;
      case '[':
        open.push(undefined);
        expectKey = false;
        break;
      case '}':
      case ']':
        open.pop();
        expectKey = false;
        break;
      case ',':
        expectKey = open.at(-1) !== undefined;
        break;
      case '"': {
        const start = i;
        for (i++; text[i] !== '"'; i++) if (text[i] === '\\') i++;
        const keys = open.at(-1);
        if (expectKey && keys) {
          const key = JSON.parse(text.slice(start, i + 1)) as string;
          if (keys.has(key)) return key;
          keys.add(key);
          expectKey = false;
        }
        break;
      }
    }
  }
  return undefined;
}
