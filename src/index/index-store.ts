/** Where the index is kept, and how far it has come: what each database has to offer. */
import type { QuestionName } from './questions/questions.ts';

/** How far the index has come. */
export interface IndexMark {
  /** It covers entries with an index below it. */
  readonly watermark: number;
  /** SHA-256 of the last entry that it covers, in hex; '' for none. */
  readonly last: string;
  /** It is in the middle of a long filling, and lacks what answers need: `ending` when no more can be added before its end. */
  readonly bulk: boolean;
  readonly ending: boolean;
  /** It cannot be filled here: it is another's file, on which this process may only read. */
  readonly fixed: boolean;
}

/** Which entries of the log are to be added. */
export interface IndexStep {
  readonly from: number;
  readonly limit: number;
  /** Entries that the log has. */
  readonly size: number;
  /** As the mark has it of the entry before them: what goes on from another one is of another log. */
  readonly last: string;
}

/** The next entries of the log. */
export interface NextEntries extends IndexStep {
  /** Reads them, for a store that does not have the log beside it; none where another entry stands before them. */
  read(): Promise<readonly Uint8Array[]>;
}

/** Where the index is kept. SQLite in a thread, or a database that others share. */
export interface IndexStore {
  mark(): Promise<IndexMark>;
  /** @returns where it is afterwards; entries that do not go on from its last one change nothing. */
  add(next: NextEntries): Promise<IndexMark>;
  /** Ends a long filling, where one is at its end. */
  finish(): Promise<IndexMark>;
  /** Empties it where it is still as `seen`. */
  clear(seen: IndexMark): Promise<IndexMark>;
  /** Runs one of QUESTIONS. */
  ask(name: QuestionName, args: unknown): Promise<{ readonly answer: unknown; readonly mark: IndexMark }>;
}
