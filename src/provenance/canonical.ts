/**
 * The one byte form of a record: JSON of RFC 8785, over the part of JSON that every language reads alike.
 *
 * Numbers are safe integers only, so that no reader rounds one. Text must be well-formed Unicode: a lone surrogate has
 * no UTF-8 form, and writing something else for it would be a guess. What comes from clients is made well-formed before.
 *
 * @see https://www.rfc-editor.org/rfc/rfc8785
 */

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** @throws {TypeError} that names the place, for anything but null, booleans, safe integers, well-formed strings, arrays and plain objects. */
export function canonicalBytes(value: unknown): Uint8Array {
  return Buffer.from(canonicalText(value), 'utf8');
}

export function canonicalText(value: unknown): string {
  return write(value, '$', 0);
}

/** Far above what a record needs; a bound for the stack. */
const DEPTH_LIMIT = 64;

function write(value: unknown, at: string, depth: number): string {
  if (depth > DEPTH_LIMIT) throw new TypeError(`${at}: nested more than ${DEPTH_LIMIT} deep`);
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value)) throw new TypeError(`${at}: ${value} is not a safe integer`);
    return JSON.stringify(value);
  }
  if (typeof value === 'string') return writeString(value, at);
  if (Array.isArray(value)) {
    // Not map(): it would leave out the holes of a sparse array.
    return `[${Array.from(value, (item, n) => write(item, `${at}[${n}]`, depth + 1)).join(',')}]`;
  }
  if (typeof value !== 'object' || !isPlain(value)) {
    throw new TypeError(`${at}: ${typeof value} has no form in a record`);
  }
  // The default order of sort() is by UTF-16 code units, which is what RFC 8785 §3.2.3 asks for.
  const members = Object.keys(value)
    .sort()
    .map(
      (key) =>
        `${writeString(key, at)}:${write((value as Record<string, unknown>)[key], `${at}.${key}`, depth + 1)}`,
    );
  return `{${members.join(',')}}`;
}

function writeString(text: string, at: string): string {
  if (!text.isWellFormed()) throw new TypeError(`${at}: a lone surrogate has no UTF-8 form`);
  // ECMAScript's own escapes are those of RFC 8785 §3.2.2.2.
  return JSON.stringify(text);
}

/** Compared by name: under Jest, and after structuredClone, plain objects come from another realm. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return (
    Object.prototype.toString.call(value) === '[object Object]' &&
    (prototype === null || Object.getPrototypeOf(prototype) === null)
  );
}
