/** What a command may touch of the world. Tests hand in their own. */
export interface Io {
  /** A whole line for standard output; the line end is added. */
  readonly out: (line: string) => void;
  readonly err: (line: string) => void;
}
