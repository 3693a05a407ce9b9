/**
 * Finds the patterns that may fit a repository, by the literal components at their beginning and the one at their end.
 * It gives too many rather than too few; whether a pattern fits is for glob.ts to say.
 */
import type { Anchors } from './glob.ts';

/** Most have one child or none and few entries, so what is not needed is not made. */
interface Node {
  children: Map<string, Node> | undefined;
  /** Entries of patterns that end in anything. */
  open: number[] | undefined;
  /** Entries of patterns that end in this component. */
  ending: Map<string, number[]> | undefined;
}

export interface RepositoryTree {
  add(anchors: Anchors, entry: number): void;
  /** Adds the lists that hold the entries which may fit; each list ascends, if entries were added in ascending order. */
  collect(components: readonly string[], lists: (readonly number[])[]): void;
  /** Every entry, once. */
  readonly all: readonly number[];
  /** All lists that `collect` can give. */
  lists(): Iterable<readonly number[]>;
}

export function createRepositoryTree(): RepositoryTree {
  const root = createNode();
  const all: number[] = [];
  return {
    all,
    lists: () => listsBelow(root),
    add({ prefix, last }, entry) {
      let node = root;
      for (const component of prefix) {
        node.children ??= new Map();
        let child = node.children.get(component);
        if (child === undefined) {
          child = createNode();
          node.children.set(component, child);
        }
        node = child;
      }
      if (last === undefined) node.open = pushed(node.open, entry);
      else {
        node.ending ??= new Map();
        node.ending.set(last, pushed(node.ending.get(last), entry));
      }
      pushed(all, entry);
    },
    collect(components, lists) {
      const last = components.at(-1) ?? '';
      let node: Node | undefined = root;
      for (let depth = 0; node !== undefined; depth++) {
        if (node.open !== undefined) lists.push(node.open);
        const ending: readonly number[] | undefined = node.ending?.get(last);
        if (ending !== undefined) lists.push(ending);
        node = depth < components.length ? node.children?.get(components[depth] ?? '') : undefined;
      }
    },
  };
}

function* listsBelow(node: Node): Generator<readonly number[]> {
  if (node.open !== undefined) yield node.open;
  yield* node.ending?.values() ?? [];
  for (const child of node.children?.values() ?? []) yield* listsBelow(child);
}

function createNode(): Node {
  return { children: undefined, open: undefined, ending: undefined };
}

/** Two patterns of one rule may come to the same place. */
function pushed(list: number[] | undefined, entry: number): number[] {
  if (list === undefined) return [entry];
  if (list.at(-1) !== entry) list.push(entry);
  return list;
}
