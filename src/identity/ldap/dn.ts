/**
 * Distinguished names, read so that two spellings of one can be compared. Pure.
 *
 * @see https://www.rfc-editor.org/rfc/rfc4514
 */

/** One level of a name: its attributes, in the order in which they stand. */
export type Level = readonly { readonly attribute: string; readonly value: string }[];

/** @returns the levels, the lowest first; undefined for what is no distinguished name. The empty name has no levels. */
export function parseDn(text: string): readonly Level[] | undefined {
  if (text === '') return [];
  const levels: Level[] = [];
  for (const part of splitAt(text, /[,;]/)) {
    const level = splitAt(part, /\+/).map(parsePair);
    if (level.some((pair) => pair === undefined)) return undefined;
    levels.push(level.filter((pair) => pair !== undefined));
  }
  return levels;
}

/** Whether a name lies below another one, or, with `levels`, exactly so many levels below it. */
export function isBelow(dn: readonly Level[], base: readonly Level[], levels?: number): boolean {
  const depth = dn.length - base.length;
  if (depth < 1 || (levels !== undefined && depth !== levels)) return false;
  return base.every((level, index) => keyOf(level) === keyOf(dn[depth + index] ?? []));
}

/** Equal for two spellings of one name, as far as case and blanks go. */
export function dnKey(dn: readonly Level[]): string {
  return JSON.stringify(dn.map(keyOf));
}

function keyOf(level: Level): string {
  const pairs = level.map(({ attribute, value }) => [
    attribute,
    value.normalize('NFKC').toLowerCase().replace(/ +/g, ' '),
  ]);
  return JSON.stringify(
    pairs.sort(([a = '', b = ''], [c = '', d = '']) => (`${a}=${b}` < `${c}=${d}` ? -1 : 1)),
  );
}

/** Cuts at separators that are not escaped and not within quotes. */
function splitAt(text: string, separator: RegExp): string[] {
  const parts = [''];
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const sign = text.charAt(at);
    if (sign === '"') quoted = !quoted;
    if (!quoted && separator.test(sign)) parts.push('');
    else if (sign === '\\') parts.push(`${parts.pop()}${text.slice(at, ++at + 1)}`);
    else parts.push(`${parts.pop()}${sign}`);
  }
  return parts;
}

function parsePair(text: string): { attribute: string; value: string } | undefined {
  const [, attribute, written] = /^\s*([A-Za-z][A-Za-z0-9-]*|[0-9]+(?:\.[0-9]+)*)\s*=(.*)$/s.exec(text) ?? [];
  if (attribute === undefined || written === undefined) return undefined;
  const value = unescapeValue(trim(written));
  return value === undefined || value === '' ? undefined : { attribute: attribute.toLowerCase(), value };
}

/** Blanks around a value mean nothing, but for one that is escaped. */
function trim(written: string): string {
  const text = written.trimStart();
  const cut = text.trimEnd();
  return /(?:^|[^\\])(?:\\\\)*\\$/.test(cut) && text.length > cut.length ? `${cut} ` : cut;
}

/** @returns undefined for what is not well-formed: bytes that are no UTF-8, an escape of nothing, a value in hex (`#04…`). */
function unescapeValue(written: string): string | undefined {
  if (written.startsWith('#')) return undefined;
  const [, inner] = /^"((?:[^"\\]|\\.)*)"$/s.exec(written) ?? [];
  const text = inner ?? written;
  if (inner === undefined && /(?:^|[^\\])(?:\\\\)*"/.test(text)) return undefined;
  const bytes: Buffer[] = [];
  for (let at = 0; at < text.length; at++) {
    if (text.charAt(at) !== '\\') {
      const point = String.fromCodePoint(text.codePointAt(at) ?? 0);
      bytes.push(Buffer.from(point));
      at += point.length - 1;
      continue;
    }
    const hex = text.slice(at + 1, at + 3);
    if (/^[0-9A-Fa-f]{2}$/.test(hex)) {
      bytes.push(Buffer.from(hex, 'hex'));
      at += 2;
    } else if (/^[ "#+,;<=>\\]/.test(hex)) {
      bytes.push(Buffer.from(hex.charAt(0)));
      at += 1;
    } else return undefined;
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.concat(bytes));
  } catch {
    return undefined;
  }
}
