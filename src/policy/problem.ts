/** A place in a file of settings or policy. Lines and columns count from 1, columns in UTF-16 units. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** Something that a person has to mend in a file: one sentence with its place. */
export interface Problem extends Place {
  readonly file: string;
  readonly message: string;
}

/** Keys and list indexes from the top of a document to a value. */
export type Path = readonly PropertyKey[];

/** A path as people write it: `rules[2].from[0]`. */
export function pathText(path: Path): string {
  return path
    .map((step, index) => {
      if (typeof step === 'number') return `[${step}]`;
      return index === 0 ? String(step) : `.${String(step)}`;
    })
    .join('');
}
