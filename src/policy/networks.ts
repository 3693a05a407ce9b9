/** Finds the ranges that a list of networks, hosts, addresses and ranges stands for. */
import { looksLikeRange, parseRange, type Range, requireRange } from './address.ts';
import type { Content, Stated } from './merge.ts';
import { didYouMean } from './nearest.ts';
import { type Path, type Problem, pathText } from './problem.ts';

export interface Resolver {
  /** Names of all networks and hosts. */
  names(): Iterable<string>;
  /** Ranges of a network or host; empty for a name that is neither, or that had a problem. */
  rangesOf(name: string): readonly Range[];
  /** Ranges of a list inside `stated`; what cannot be found is a problem there. */
  rangesOfList(list: readonly string[], stated: Stated<unknown>, inside: Path): readonly Range[];
}

/** Resolves all networks at once, so that a problem in one that no rule uses is found too. */
export function createResolver({ hosts, networks }: Content, problems: Problem[]): Resolver {
  const known = [...hosts.keys(), ...networks.keys()];
  const resolved = new Map<string, readonly Range[]>();
  for (const [name, { value }] of hosts) resolved.set(name, value.addresses.map(requireRange));
  const visiting: string[] = [];
  const inCircle = new Set<string>();
  for (const name of networks.keys()) rangesOf(name);
  return { names: () => known, rangesOf, rangesOfList };

  function rangesOf(name: string): readonly Range[] {
    const done = resolved.get(name);
    if (done) return done;
    const stated = networks.get(name);
    if (!stated) return [];
    const start = visiting.indexOf(name);
    if (start >= 0) {
      const circle = visiting.slice(start);
      if (!circle.some((member) => inCircle.has(member))) {
        const text = [...circle, name].join(' -> ');
        problems.push(stated.problem([], `${pathText(stated.path)}: the network contains itself: ${text}`));
      }
      for (const member of circle) inCircle.add(member);
      return [];
    }
    visiting.push(name);
    const ranges = rangesOfList(stated.value, stated, []);
    visiting.pop();
    resolved.set(name, ranges);
    return ranges;
  }

  function rangesOfList(list: readonly string[], stated: Stated<unknown>, inside: Path): readonly Range[] {
    return list.flatMap((text, index) => {
      if (hosts.has(text) || networks.has(text)) return rangesOf(text);
      const path = [...inside, index];
      const where = pathText([...stated.path, ...path]);
      if (!looksLikeRange(text)) {
        const sentence = `${JSON.stringify(text)} is neither a network nor a host${didYouMean(text, known)}`;
        problems.push(stated.problem(path, `${where}: ${sentence}`));
        return [];
      }
      const parsed = parseRange(text);
      if (parsed.ok) return [parsed.range];
      problems.push(stated.problem(path, `${where}: ${parsed.reason}`));
      return [];
    });
  }
}
