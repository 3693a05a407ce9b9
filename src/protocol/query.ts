/**
 * Reads a query so that there is one reading of it: the names that a route knows, each at most once.
 *
 * The registry takes the first of repeated parameters and other software the last, so a repetition is refused; what a
 * route does not know is dropped and never sent on.
 */

export type ReadQuery =
  | { readonly ok: true; readonly values: Readonly<Record<string, string>> }
  | { readonly ok: false; readonly reason: string };

/**
 * @param text the part after `?`, as received.
 * @param known the names this route gives a meaning to; compared after decoding, with case (`fro%6d` is `from`, `FROM` is not).
 */
export function readQuery(text: string, known: readonly string[]): ReadQuery {
  const values: Record<string, string> = {};
  for (const pair of text.split('&')) {
    if (pair === '') continue;
    const cut = pair.indexOf('=');
    const name = decode(cut < 0 ? pair : pair.slice(0, cut));
    const value = decode(cut < 0 ? '' : pair.slice(cut + 1));
    if (name === undefined || value === undefined)
      return { ok: false, reason: 'the query has a broken percent-encoding' };
    if (!known.includes(name)) continue;
    if (Object.hasOwn(values, name))
      return { ok: false, reason: `the parameter ${name} is given more than once` };
    values[name] = value;
  }
  return { ok: true, values };
}

/** Writes a query anew from decoded values. @returns '' or `?…`. */
export function writeQuery(values: Readonly<Record<string, string | undefined>>): string {
  const pairs = Object.entries(values)
    .filter((pair): pair is [string, string] => pair[1] !== undefined)
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`);
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`;
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return undefined;
  }
}
