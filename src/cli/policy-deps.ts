import type { Io } from './io.ts';

/** What these commands touch of the world. */
export interface PolicyDeps {
  readonly io: Io;
  /** Where the settings are looked for without `--config`. */
  readonly defaultConfig: string;
  /** The status with which the process will end. */
  readonly exit: (status: number) => void;
  /** Of the terminal; undefined where the output is none. */
  readonly columns: number | undefined;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}
