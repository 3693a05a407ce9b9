import type { Path, Place, Problem } from './problem.ts';

/** Something that a file says, and where. */
export interface Stated<T> {
  readonly value: T;
  readonly path: Path;
  readonly place: Place & { readonly file: string };
  /** A problem with a part of it. */
  problem(inside: Path, message: string): Problem;
}
