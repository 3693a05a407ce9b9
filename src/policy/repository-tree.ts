/**
 * Finds the patterns that may fit a repository, by the literal components at their beginning and the one at their end.
 * It gives too many rather than too few; whether a pattern fits is for glob.ts to say.
 */
import type { RepositoryGlob } from './glob.ts';

interface Node {
  readonly children: Map<string, Node>;
  /** Entries of patterns that end in anything. */
  readonly open: number[];
  /** Entries of patterns that end in this component. */
  readonly ending: Map<string, number[]>;
}

/** What stands still in a pattern. */
export interface Anchors {
  readonly prefix: readonly string[];
  /** The last component, where it is behind the prefix and literal. */
  readonly last: string | undefined;
}

export function anchorsOf({ parts }: RepositoryGlob): Anchors {
  const prefix: string[] = [];
  for (const part of parts) {
    if (part.kind !== 'literal') break;
    prefix.push(part.text);
  }
  if (prefix.length === parts.length) {
    const last = prefix.pop();
    return { prefix, last };
  }
  const final = parts.at(-1);
  return { prefix, last: final?.kind === 'literal' ? final.text : undefined };
}

export interface RepositoryTree {
  add(anchors: Anchors, entry: number): void;
  /** Adds the lists that hold the entries which may fit; each list ascends, if entries were added in ascending order. */
  collect(components: readonly string[], lists: (readonly number[])[]): void;
  /** Every entry, once. */
  readonly all: readonly number[];
}

export function createRepositoryTree(): RepositoryTree {
  const root = createNode();
  const all: number[] = [];
  return {
    all,
    add({ prefix, last }, entry) {
      let node = root;
      for (const component of prefix) {
        let child = node.children.get(component);
        if (child === undefined) {
          child = createNode();
          node.children.set(component, child);
        }
        node = child;
      }
      if (last === undefined) push(node.open, entry);
      else {
        const list = node.ending.get(last);
        if (list === undefined) node.ending.set(last, [entry]);
        else push(list, entry);
      }
      push(all, entry);
    },
    collect(components, lists) {
      const last = components.at(-1) ?? '';
      let node: Node | undefined = root;
      for (let depth = 0; node !== undefined; depth++) {
        if (node.open.length > 0) lists.push(node.open);
        const ending = node.ending.get(last);
        if (ending !== undefined) lists.push(ending);
        node = depth < components.length ? node.children.get(components[depth] ?? '') : undefined;
      }
    },
  };
}

function createNode(): Node {
  return { children: new Map(), open: [], ending: new Map() };
}

/** Two patterns of one rule may come to the same place. */
function push(list: number[], entry: number): void {
  if (list.at(-1) !== entry) list.push(entry);
}
