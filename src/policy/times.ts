/** Reads windows of time, each text and each zone once. */
import type { Content } from './merge.ts';
import { type Path, type Problem, pathText } from './problem.ts';
import { setNamed } from './set-name.ts';
import type { Stated } from './stated.ts';
import { type ParsedWindow, parseTimeWindow, type TimeWindow } from './time-window.ts';
import { type ReadZone, readZone } from './zone.ts';

export interface Times {
  /**
   * The windows of a list whose sets have been written out. What is wrong in `written`, the list itself, is a problem
   * there; what is wrong in a set has been named at the set.
   */
  windowsOf(
    expanded: readonly string[],
    written: readonly string[],
    stated: Stated<unknown>,
    inside: Path,
  ): readonly TimeWindow[];
}

export function createTimes({ sets }: Content, problems: Problem[]): Times {
  const zones = new Map<string, ReadZone>();
  const windows = new Map<string, ParsedWindow>();
  for (const stated of sets.times.values()) check(stated.value, stated, []);
  return {
    windowsOf(expanded, written, stated, inside) {
      check(written, stated, inside);
      return expanded.flatMap((text) => {
        const parsed = read(text);
        return parsed.ok ? [parsed.window] : [];
      });
    },
  };

  function check(list: readonly string[], stated: Stated<unknown>, inside: Path): void {
    for (const [index, text] of list.entries()) {
      if (setNamed(text) !== undefined) continue;
      const parsed = read(text);
      const path = [...inside, index];
      if (!parsed.ok)
        problems.push(stated.problem(path, `${pathText([...stated.path, ...path])}: ${parsed.reason}`));
    }
  }

  function read(text: string): ParsedWindow {
    return remembered(windows, text, () =>
      parseTimeWindow(text, (name) => remembered(zones, name, () => readZone(name))),
    );
  }
}

function remembered<T>(known: Map<string, T>, key: string, make: () => T): T {
  const before = known.get(key);
  if (before !== undefined) return before;
  const made = make();
  known.set(key, made);
  return made;
}
