/** Answers an auditor's questions, with what this reader may see and nothing else. */
import { WardenError } from '../errors.ts';
import type { AskedQuestion } from './asked-question.ts';
import { type ExportRequest, exportLines } from './export.ts';
import type { RawFilters } from './parameters.ts';
import type { AuditParts, Page } from './question.ts';
import { QUESTIONS } from './questions.ts';
import type { MayRead } from './visible-parts.ts';

export type { Page } from './question.ts';
export type { PullItem } from './questions/pulls.ts';
export type { PushItem } from './record-pages.ts';

export interface Audit {
  /**
   * Reads the parameters and answers, in the form that the API and `--json` give.
   *
   * @param name of one of QUESTIONS.
   * @throws {WardenError} FILTER_MALFORMED that names the parameter; OVERLOADED while the index is being made.
   */
  ask(name: string, raw: RawFilters, mayRead: MayRead): Promise<Page<unknown>>;
  /** The whole answer, piece by piece. @throws {WardenError} as ask, with the first piece. */
  export(name: string, request: Omit<ExportRequest, 'question'>): AsyncGenerator<string>;
}

export function createAudit(parts: AuditParts): Audit {
  return {
    ask: async (name, raw, mayRead) => questionOf(name).ask(parts, raw, mayRead),
    export: (name, request) => exportLines(parts, { ...request, question: questionOf(name) }),
  };
}

function questionOf(name: string): AskedQuestion {
  const question = QUESTIONS.find((one) => one.name === name);
  if (!question) throw new WardenError('INTERNAL', { cause: new Error(`no question ${name}`) });
  return question;
}
