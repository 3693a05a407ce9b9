/** A question whose own types do not matter to who puts it: parameters go in as texts, a page comes out. */
import type { z } from 'zod';
import { csv } from './csv.ts';
import { factsText } from './facts-text.ts';
import { LARGEST_LIMIT, type RawFilters, readParameters } from './parameters.ts';
import type { AuditParts, Page, Question } from './question.ts';
import { table } from './table.ts';
import type { MayRead } from './visible-parts.ts';

export interface AskedQuestion {
  readonly name: string;
  readonly summary: string;
  readonly parameters: z.ZodObject<z.ZodRawShape>;
  /** Of one row of the answer, and of what its page has besides. */
  readonly item: z.ZodType;
  readonly page: z.ZodRawShape;
  /** @throws {WardenError} FILTER_MALFORMED that names the parameter; OVERLOADED while the index is being made. */
  ask(parts: AuditParts, raw: RawFilters, mayRead: MayRead): Promise<Page<unknown>>;
  /** The same for an answer that is not for a screen: all of one that has no pages, a large page of another. */
  askWidely(parts: AuditParts, raw: RawFilters, mayRead: MayRead): Promise<Page<unknown>>;
  /** Of the items of its answer. `width` in columns of the terminal. */
  table(items: readonly unknown[], width: number): string;
  csv(items: readonly unknown[]): string;
}

/** Rows of an answer that has no pages, and is taken as a whole. */
const WHOLE = 1_000_000;

export function asked<P, T>(question: Question<P, T>): AskedQuestion {
  const { name, summary, parameters, item, page = {}, columns, factsBut, answer } = question;
  const { shape } = parameters;
  const limit = 'limit' in shape ? ('cursor' in shape ? LARGEST_LIMIT : WHOLE) : undefined;
  // The items come from this question's answer, here or at the server that was asked it by name.
  const own = (items: readonly unknown[]): readonly T[] => items as readonly T[];
  return {
    ...{ name, summary, parameters, item, page },
    ask: async (parts, raw, mayRead) => answer(parts, readParameters(parameters, raw), mayRead),
    askWidely: async (parts, raw, mayRead) =>
      answer(parts, { ...readParameters(parameters, raw), ...(limit !== undefined && { limit }) }, mayRead),
    table: (items, width) =>
      factsBut
        ? items.map((one) => factsText(one, factsBut)).join('\n\n')
        : table(columns, own(items), width),
    csv: (items) => csv(columns, own(items)),
  };
}
