/**
 * Globs over names of components between slashes, as the policy has them: `*` stands for any characters within a
 * component, `**` for any number of whole components (`a/**` is everything below a, not a itself). Everything else
 * stands for itself, and the whole name must match.
 *
 * No regular expression: a filter comes from outside, and this is bounded by the product of the two lengths.
 */

export interface NameGlob {
  matches(name: string): boolean;
  /** What every matching name begins with: a range for an ordered index. */
  readonly prefix: string;
  /** True when the glob has no wildcard and can match its own text only. */
  readonly exact: boolean;
}

/** @returns undefined where `**` is only a part of a component, which would be read in more than one way, or a component is empty. */
export function parseNameGlob(text: string): NameGlob | undefined {
  const parts = text.split('/');
  if (parts.some((part) => part === '' || (part !== '**' && part.includes('**')))) return undefined;
  const star = text.indexOf('*');
  return {
    matches: (name) => matchParts(parts, name.split('/')),
    prefix: star === -1 ? text : text.slice(0, star),
    exact: star === -1,
  };
}

/** Which of the first j components are matched by the parts so far, for all j at once. */
function matchParts(parts: readonly string[], components: readonly string[]): boolean {
  let reached = [true, ...components.map(() => false)];
  for (const [at, part] of parts.entries()) {
    if (part !== '**') {
      reached = reached.map(
        (_, j) => j > 0 && reached[j - 1] === true && matchPart(part, components[j - 1] ?? ''),
      );
      continue;
    }
    // A closing `**` after something stands for one component or more, any other for none or more.
    const least = at === parts.length - 1 && at > 0 ? 1 : 0;
    const first = reached.indexOf(true);
    reached = reached.map((_, j) => first !== -1 && j >= first + least);
  }
  return reached.at(-1) === true;
}

/** One component against a pattern with `*`: greedy with one step back to the last star, linear for all practical texts. */
function matchPart(pattern: string, text: string): boolean {
  let p = 0;
  let star = -1;
  let mark = 0;
  for (let t = 0; t < text.length; ) {
    if (pattern[p] === '*') {
      star = p++;
      mark = t;
    } else if (pattern[p] === text[t]) {
      p++;
      t++;
    } else if (star !== -1) {
      p = star + 1;
      t = ++mark;
    } else return false;
  }
  while (pattern[p] === '*') p++;
  return p === pattern.length;
}
