/**
 * What an auditor can ask: one declaration a question, from which come its address in the API, its command, its parameters
 * with their descriptions, and how its answer looks as a table.
 */
import type { z } from 'zod';
import type { RecordIndex } from '../index/record-index.ts';
import type { PullQuestions } from '../inventory/pull-store.ts';
import type { MayRead } from './visible-parts.ts';

/** What questions are answered from. */
export interface AuditParts {
  readonly index: Pick<RecordIndex, 'ask' | 'find' | 'records' | 'entryOf'>;
  readonly inventory: PullQuestions;
  /** Milliseconds since 1970, which relative times count from. */
  now(): number;
}

export interface Page<T> {
  readonly items: readonly T[];
  /** Goes into `cursor` for what comes after; absent at the end. */
  readonly next?: string;
  /** There is more that fits and that neither this answer nor its `next` has. */
  readonly more?: true;
  /** Of answers from the record: they cover the log's entries with an index below it. */
  readonly watermark?: number;
}

/** A column of the table and of CSV. */
export interface Column<T> {
  readonly head: string;
  /** A column is cut down to this where the line is too long, never below it. */
  readonly least: number;
  text(item: T): string;
  /** In CSV, where it is more than what is shown: whole digests, times to the millisecond. */
  whole?(item: T): string;
}

export interface Question<P, T> {
  /** The last part of its address, and the command. */
  readonly name: string;
  /** In one line. */
  readonly summary: string;
  /** One row of the answer. Strict: what is not declared is not answered. */
  readonly item: z.ZodType;
  /** What the page has besides its rows. */
  readonly page?: z.ZodRawShape;
  /** A strict object: each parameter a text as it comes, with its description. */
  readonly parameters: z.ZodObject<z.ZodRawShape> & z.ZodType<P>;
  readonly columns: readonly Column<T>[];
  /** For a question about one thing: a terminal shows its facts below each other, but for these, and no table. */
  readonly factsBut?: readonly string[];
  /** With what this reader may see and nothing else. */
  answer(parts: AuditParts, query: P, mayRead: MayRead): Promise<Page<T>>;
}
